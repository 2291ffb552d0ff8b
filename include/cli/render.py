"""``refinery render``: what a pipeline stands for."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from include.cli import project


def render(
    name: project.PipelineArgument,
    environment: project.EnvironmentOption = project.DEFAULT_ENVIRONMENT,
    form: Annotated[
        Literal["dag-factory", "json", "mermaid"],
        typer.Option("--format", help="dag-factory's YAML, the same as json, or a mermaid diagram."),
    ] = "dag-factory",
) -> None:
    """Print the dag-factory YAML that a pipeline stands for.

    Plain dag-factory loads it to the same DAG.

    Example: `./refinery render wine_cultivar > dags/wine_cultivar.yml`
    """
    from include.rendering.diagram import mermaid_diagram
    from include.rendering.text import dag_factory_json, dag_factory_yaml

    writers = {"dag-factory": dag_factory_yaml, "json": dag_factory_json, "mermaid": mermaid_diagram}
    typer.echo(writers[form](project.read_pipeline(name, environment)), nl=False)
