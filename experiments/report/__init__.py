"""Write-ups: the folder of a run or a sweep as one page in HTML and Markdown, with LaTeX tables and figures."""
