"""Reports: data first, then its renderings. Everything shown to a person or a program is made here."""
