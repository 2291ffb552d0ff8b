# Stand-ins for the images that a registry would give, made of Debian's and Python's packages: no registry is asked.
FROM refinery-check/debian AS curl
# A copy of this machine's certificates, so that a build works behind a proxy, too.
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt

# PostgreSQL, with the variables and the volume of its official image.
FROM curl AS postgres
RUN apt-get update -q && apt-get install -y -q --no-install-recommends postgresql && rm -rf /var/lib/postgresql
RUN install -d -o postgres /var/lib/postgresql/data
USER postgres
COPY postgres.sh /
CMD ["/postgres.sh"]

# versitygw: an S3 server that checks signatures and keeps its objects in a folder.
FROM curl AS versitygw
RUN python3 -m venv /opt/nanio && /opt/nanio/bin/pip install -q nanio==0.1.7
CMD NANIO_ACCESS_KEY=$ROOT_ACCESS_KEY NANIO_SECRET_KEY=$ROOT_SECRET_KEY \
    exec /opt/nanio/bin/nanio serve --data-dir $VGW_BACKEND_ARG --host 0.0.0.0 --port 7070 --no-access-log

# Astro Runtime: Airflow as the user `astro` in /usr/local/airflow, and steps that install and copy the project that builds on it.
FROM curl AS runtime
ARG AIRFLOW
COPY constraints.txt /constraints.txt
RUN python3 -m venv /opt/airflow && /opt/airflow/bin/pip install -q -c /constraints.txt apache-airflow[postgres]==$AIRFLOW pytest
RUN useradd --create-home astro && install -d -o astro /usr/local/airflow /usr/local/airflow/logs
ENV PATH=/opt/airflow/bin:$PATH AIRFLOW_HOME=/usr/local/airflow PYTHONPATH=/usr/local/airflow
WORKDIR /usr/local/airflow
ONBUILD COPY packages.txt requirements.txt ./
ONBUILD USER root
ONBUILD RUN [ ! -s packages.txt ] || (apt-get update -q && xargs apt-get install -y -q <packages.txt)
ONBUILD RUN pip install -q --root-user-action ignore -r requirements.txt
ONBUILD USER astro
ONBUILD COPY --chown=astro . .
