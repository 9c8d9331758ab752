"""The report: one offline HTML file, and the same in LaTeX."""
