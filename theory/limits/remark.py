"""A remark about a limit: text of SymPy's, with what is needed to typeset its formulas."""


class Remark(str):
    """Plain text, ``dV = V**2/gamma dt``, that keeps its template and what fills its holes."""

    template: str
    parts: tuple[object, ...]

    @classmethod
    def of(cls, template: str, *parts: object) -> "Remark":
        """Fill the holes ``{}`` of a template, in which ``$...$`` is a formula.

        Signs are those of Python: ``**({})`` is a power, ``->`` an arrow, ``!=`` an inequality.
        """
        self = cls(template.replace("$", "").format(*parts))
        self.template, self.parts = template, parts
        return self
