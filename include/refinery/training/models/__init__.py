"""What is to be fitted: estimators of modules and libraries, made and not fitted."""
