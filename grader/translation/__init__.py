"""A notebook in another language than it was written in: one source, and beside its folder a catalogue of its texts.

`source/NAME.LANGUAGE.po` is gettext's PO form, an entry for each cell with words (`cells`, `catalogue`). `update` makes
and updates it, and `notebook` puts it in the place of the original's words, or says what is not translated.
"""
