# Astro Runtime 3.3-8 is apache-airflow 3.3.2, the version in constraints.txt: move both together.
# The image installs packages.txt and requirements.txt, then copies what .dockerignore lets through to /usr/local/airflow.
FROM astrocrpublic.azurecr.io/runtime:3.3-8-python-3.12

# skrub imports matplotlib, which looks for fonts the first time: done here, no container's first training waits for it.
RUN python -c "import matplotlib.font_manager"

# Without this dag-factory reports its use over the network at the end of every run.
ENV AIRFLOW__DAG_FACTORY__ENABLE_TELEMETRY=False
