"""The kinds of claims, one a file: fields, decision rule, planted errors, what is measured."""
