"""Build the project's image and use it as `astro dev start` would, on a machine that reaches no image registry.

The Dockerfile and docker-compose.override.yml are what users deploy, and only Docker shows whether they work. So this builds
stand-ins for every image that they name, brings up all containers, runs each pipeline through the REST API, edits a config,
and starts everything again to see that nothing is lost: for this checkout, and for a project that `refinery init` makes.

    make image-check        needs root, and Debian's docker.io, docker-compose and debootstrap
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import yaml
from botocore.config import Config

from refinery.local.rest_api import RestApi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
DEBIAN = "bookworm"
STAND_INS = ("curl", "postgres", "versitygw", "runtime")
S3_PORT = 7070
DATES = ("2026-01-31T00:00:00Z", "2026-02-01T00:00:00Z")
PATIENCE = 600  # seconds for a container to answer, or for the dag-processor to read a file again
LEGACY_BUILDER = {"DOCKER_BUILDKIT": "0"}  # Debian's Docker has no other


def main() -> None:
    """Check this checkout, and a project that `refinery init` makes of its wheel."""
    require_tools()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped."))  # and removes what it has started
    with tempfile.TemporaryDirectory(prefix="refinery-image-") as name, docker_engine(Path(name)):
        folder = Path(name)
        with step("stand-ins for the images"):
            build_stand_ins(folder / "stand-ins")
        copy_checkout(folder / "checkout")
        check(folder / "checkout", "configs/wine_cultivar.yml")
        make_project(folder)
        check(folder / "made", "configs/wine.yml")


def check(root: Path, config: str) -> None:
    """Build one project's image, and use it."""
    print(f"{root.name}:")
    image = f"refinery-check/{root.name}"
    with step("build the image"):
        build_image(root, image)
    with step("the tests of `astro dev parse` and `astro dev pytest`"):
        tests = [path for path in (".astro", "tests") if list((root / path).rglob("test_*.py"))]
        run(["docker", "run", "--rm", image, "pytest", "-q", "-p", "no:cacheprovider", *tests], root)
    with containers(root, image) as astro:
        with step("start all containers"):
            astro.start()
            astro.apply_settings()
        pipelines = [path.stem for path in (root / "configs").glob("*.yml") if path.stem != "defaults"]
        for pipeline in sorted(pipelines):
            with step(f"run {pipeline}"):
                astro.run_pipeline(pipeline, DATES[0])
        with step(f"edit {config}, and see it without a rebuild"):
            astro.edit(config)
        before = astro.objects()
        with step("stop, and start again"):
            astro.stop()
            astro.start()
        with step(f"all {len(before)} objects and {len(pipelines)} runs are still there"):
            if astro.objects() != before:
                sys.exit(f"Objects before: {before}\nObjects after: {astro.objects()}")
            for pipeline in pipelines:
                astro.require_run(pipeline, DATES[0])
        with step("a run for another date"):
            astro.run_pipeline(Path(config).stem, DATES[1])


def require_tools() -> None:
    """End where a tool is missing."""
    packages = {"dockerd": "docker.io", "debootstrap": "debootstrap", "docker-compose": "docker-compose"}
    missing = [package for tool, package in packages.items() if shutil.which(tool) is None]
    if missing:
        sys.exit(f"Not installed: {', '.join(missing)}. Run: apt-get install {' '.join(missing)}")


@contextlib.contextmanager
def docker_engine(folder: Path) -> Iterator[None]:
    """Use the Docker engine that runs; where none does, start one for as long as this takes."""
    if answers():
        yield
        return
    with (folder / "dockerd.log").open("wb") as log:
        engine = subprocess.Popen(["dockerd"], stdout=log, stderr=log, start_new_session=True)
    try:
        wait_until("the Docker engine answers", answers)
        yield
    finally:
        engine.terminate()
        engine.wait()


def answers() -> bool:
    """Return whether a Docker engine answers."""
    return subprocess.run(["docker", "version"], capture_output=True, check=False).returncode == 0


def build_stand_ins(folder: Path) -> None:
    """Build the images that a registry would give; Docker keeps their layers for the next time."""
    shutil.copytree(HERE, folder)
    shutil.copy(CERTIFICATES, folder)
    shutil.copy(CHECKOUT / "constraints.txt", folder)
    if subprocess.run(
        ["docker", "image", "inspect", "refinery-check/debian"], capture_output=True, check=False
    ).returncode:
        root = folder / "root"
        packages = "--include=ca-certificates,curl,python3,python3-venv"
        run(["debootstrap", "--variant=minbase", packages, DEBIAN, str(root)], folder)
        run(["sh", "-c", f"tar -C {root} -c . | docker import - refinery-check/debian"], folder)
        shutil.rmtree(root)
    airflow = pinned("apache-airflow")
    for target in STAND_INS:
        build = ["docker", "build", "--file", "stand-ins.Dockerfile", "--target", target]
        run([*build, "--build-arg", f"AIRFLOW={airflow}", "--tag", f"refinery-check/{target}", "."], folder)


def pinned(package: str) -> str:
    """Return the version that constraints.txt pins."""
    lines = (CHECKOUT / "constraints.txt").read_text().splitlines()
    return next(line.partition("==")[2] for line in lines if line.startswith(f"{package}=="))


def copy_checkout(root: Path) -> None:
    """Copy what git tracks, with today's edits, so that the check may edit it."""
    listed = run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], CHECKOUT)
    for name in filter(None, listed.split("\0")):
        if (CHECKOUT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / name, root / name)
    shutil.copy(root / "airflow_settings.yaml.example", root / "airflow_settings.yaml")


def make_project(folder: Path) -> None:
    """Make a project with `refinery init`, with a wheel of this checkout."""
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    run([*wheel, "--wheel-dir", str(folder), str(CHECKOUT)], folder)
    (file,) = folder.glob("*.whl")
    run([str(CHECKOUT / "refinery"), "init", str(folder / "made"), "--wheel", str(file)], folder)


def build_image(root: Path, image: str) -> None:
    """Build the project's Dockerfile, on the stand-in for the image that it begins with."""
    lines = (root / "Dockerfile").read_text().splitlines(keepends=True)
    text = "".join("FROM refinery-check/runtime\n" if line.startswith("FROM ") else line for line in lines)
    run(["docker", "build", "--file", "-", "--tag", image, "."], root, stdin=text)


@dataclass(frozen=True)
class Containers:
    """The containers of one project, as `astro dev start` has them."""

    root: Path
    image: str
    port: int

    @property
    def api(self) -> RestApi:
        """Airflow's REST API."""
        return RestApi(f"http://localhost:{self.port}")

    def compose(self, *arguments: str) -> str:
        """Run docker-compose with Astro's file, then the project's, then the stand-ins."""
        files = (HERE / "compose.yml", self.root / "docker-compose.override.yml", HERE / "stand-ins.yml")
        named = [argument for file in files for argument in ("--file", str(file))]
        command = [
            "docker-compose",
            "--project-name",
            "refinery-check",
            "--project-directory",
            str(self.root),
        ]
        ours = {"PROJECT_IMAGE": self.image, "AIRFLOW_PORT": str(self.port)}
        return run([*command, *named, *arguments], self.root, environment=ours)

    def start(self) -> None:
        """Start all, and wait until Airflow is healthy and the sample data is there."""
        self.compose("up", "--detach")
        wait_until("Airflow is healthy", self.api.healthy)
        sample = self.root / "include" / "sample_data"
        keys = {path.relative_to(sample).as_posix() for path in sample.glob("*/**/*") if path.is_file()}
        wait_until("the sample data is on the S3 server", lambda: keys <= self.objects().keys())

    def stop(self) -> None:
        """Stop all; volumes stay."""
        self.compose("stop")

    def apply_settings(self) -> None:
        """Add the connections of airflow_settings.yaml, by the command that the Astro CLI runs for each."""
        settings = yaml.safe_load((self.root / "airflow_settings.yaml").read_text())
        for connection in settings["airflow"]["connections"]:
            name = connection.pop("conn_id")
            options = [f"--{key.replace('_', '-')}={value}" for key, value in connection.items()]
            self.compose("exec", "-T", "scheduler", "airflow", "connections", "add", name, *options)

    def run_pipeline(self, pipeline: str, date: str) -> None:
        """Run a pipeline, and end where the run fails or leaves no model."""
        self.api.unpause(pipeline, timeout=PATIENCE)
        self.api.trigger(pipeline, logical_date=date)
        wait_until(f"the runs of {pipeline} have ended", lambda: not self.unfinished(pipeline))
        # Paused again, so that no scheduled run changes what is compared.
        self.api.call("PATCH", f"dags/{pipeline}", {"is_paused": True})
        self.require_run(pipeline, date)
        wanted = {f"models/{pipeline}/{date[:10]}/manifest.json", f"models/{pipeline}/latest.json"}
        if missing := wanted - self.objects().keys():
            sys.exit(f"{pipeline}: not on the S3 server: {missing}")

    def unfinished(self, pipeline: str) -> list[str]:
        """Return the states of the runs that have not ended."""
        runs = self.api.call("GET", f"dags/{pipeline}/dagRuns")["dag_runs"]
        return [one["state"] for one in runs if one["state"] not in {"success", "failed"}]

    def require_run(self, pipeline: str, date: str) -> None:
        """End where Airflow's database has no successful run of a date."""
        runs: list[dict[str, Any]] = self.api.call("GET", f"dags/{pipeline}/dagRuns")["dag_runs"]
        if not any(one["logical_date"] == date and one["state"] == "success" for one in runs):
            sys.exit(f"{pipeline}: no successful run for {date} in {runs}")

    def edit(self, config: str) -> None:
        """Change a config's description, and wait until Airflow shows the new one."""
        new = "Edited while Airflow runs."
        file = self.root / config
        lines = file.read_text().splitlines()
        kept = [line for line in lines if not line.startswith("description:")]
        file.write_text("\n".join([f"description: {new}", *kept, ""]))
        wait_until(
            "the edited config shows",
            lambda: self.api.call("GET", f"dags/{file.stem}")["description"] == new,
        )

    def objects(self) -> dict[str, str]:
        """Return the ETag of each object, by bucket and key."""
        s3 = s3_client()
        pages = s3.get_paginator("list_objects_v2")
        return {
            f"{bucket['Name']}/{item['Key']}": item["ETag"]
            for bucket in s3.list_buckets()["Buckets"]
            for page in pages.paginate(Bucket=bucket["Name"])
            for item in page.get("Contents", [])
        }


@contextlib.contextmanager
def containers(root: Path, image: str) -> Iterator[Containers]:
    """Remove the containers and volumes of one project in the end."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    astro = Containers(root, image, port)
    astro.compose("down", "--volumes", "--remove-orphans")  # of a check that was killed
    try:
        yield astro
    except (SystemExit, Exception):
        print(astro.compose("ps"), astro.compose("logs", "--tail", "40"))
        raise
    finally:
        astro.compose("down", "--volumes", "--remove-orphans")


def s3_client() -> Any:
    """Make a client of the S3 server, as docs/astro.md says for this machine."""
    return boto3.client(
        "s3",
        endpoint_url=f"http://localhost:{S3_PORT}",
        aws_access_key_id="refinery",
        aws_secret_access_key="refinery-local",
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )


def wait_until(what: str, is_so: Callable[[], bool]) -> None:
    """Ask again and again until something is so, and end where it takes too long."""
    deadline = time.monotonic() + PATIENCE
    reason: object = None
    while time.monotonic() < deadline:
        try:
            if is_so():
                return
        except Exception as error:  # noqa: BLE001 - whatever a server that is not up yet answers
            reason = error
        time.sleep(0.5)
    sys.exit(f"Not so within {PATIENCE} s: {what}. {reason or ''}")


def run(
    command: list[str], folder: Path, *, stdin: str | None = None, environment: dict[str, str] | None = None
) -> str:
    """Run a command and return what it prints; end with that where it fails."""
    done = subprocess.run(
        command,
        cwd=folder,
        input=stdin,
        env=os.environ | LEGACY_BUILDER | (environment or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}")
    return done.stdout


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Print how long a step took."""
    print(f"  {title} ...", end="", flush=True)
    begun = time.monotonic()
    yield
    print(f" {time.monotonic() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    main()
