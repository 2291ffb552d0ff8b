"""``refinery render``: a pipeline as dag-factory YAML."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from refinery.cli import project


def render(
    name: project.PipelineArgument,
    environment: project.EnvironmentOption = project.DEFAULT_ENVIRONMENT,
    form: Annotated[
        Literal["dag-factory", "json", "mermaid"],
        typer.Option("--format", help="YAML for dag-factory, the same as JSON, or a Mermaid diagram."),
    ] = "dag-factory",
) -> None:
    """Print a pipeline as dag-factory YAML; plain dag-factory makes the same DAG from it.

    Example: `refinery render wine_cultivar > dags/wine_cultivar.yml`
    """
    from refinery.rendering.diagram import mermaid_diagram
    from refinery.rendering.text import dag_factory_json, dag_factory_yaml

    writers = {"dag-factory": dag_factory_yaml, "json": dag_factory_json, "mermaid": mermaid_diagram}
    typer.echo(writers[form](project.read_pipeline(name, environment)), nl=False)
