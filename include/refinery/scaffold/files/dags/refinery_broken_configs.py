"""Show broken configs among Airflow's import errors; make no DAG. Airflow reads only files that contain "airflow" and "dag".

This is a separate file since Airflow retires every DAG of a file that has an import error.
"""

import refinery

refinery.report_broken_configs("configs")
