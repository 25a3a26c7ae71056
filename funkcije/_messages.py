"""What the data loader and the experiments say to a student: Montenegrin, with English beside it.

say("too_many", name="num_test", number=9000, available=1017)
"""

MESSAGES: dict[str, tuple[str, str]] = {
    # Why CIFAR-10 is not there, and what is used instead.
    "offline": ("FUNKCIJE_OFFLINE isključuje preuzimanje", "FUNKCIJE_OFFLINE turns downloading off"),
    "no_pooch": ("Za preuzimanje skupa CIFAR-10 potreban je paket pooch", "the pooch package is not installed"),
    "no_cache": ("Nema foldera za preuzimanje skupa CIFAR-10", "there is no folder to download CIFAR-10 to"),
    "no_network": ("CIFAR-10 se ne može preuzeti", "CIFAR-10 cannot be downloaded"),
    "generated": (
        "Koristi se generisani skup istih dimenzija",
        "a generated set of the same shapes is used",
    ),
    # Folders and files.
    "no_folder": (
        "{folder}: ovdje nema foldera cifar-10-batches-py; navedite folder koji ga sadrži ({by}) ili ne navodite ništa",
        "there is no cifar-10-batches-py in it; name the folder that holds one, or name none",
    ),
    "no_file": (
        "{file}: fajl nedostaje; ponovo raspakujte cifar-10-python.tar.gz ili obrišite folder {folder}",
        "this file is missing; unpack cifar-10-python.tar.gz again, or delete the folder",
    ),
    "bad_file": (
        "{file}: fajl nije ispravan; ponovo raspakujte cifar-10-python.tar.gz ili obrišite folder {folder}",
        "this is not a CIFAR-10 batch: {found}; unpack cifar-10-python.tar.gz again, or delete the folder",
    ),
    # What the experiments need.
    "not_written": (
        "Eksperiment koristi dio zadatka koji još nije napisan: {function}",
        "the experiment uses a part that is not written yet",
    ),
    "no_data": ("U podacima nedostaje {missing}", "these arrays are missing in the data"),
    "no_rule": (
        "update_rule={rule!r}: takvog pravila nema; postoje {known}",
        "there is no such update rule; these there are",
    ),
    # Numbers of rows.
    "no_count": (
        "{name}={number!r}: očekuje se cio broj, {least} ili veći",
        "expected a whole number, {least} or more",
    ),
    "too_many": ("{name}={number}: u ovom skupu ih ima najviše {available}", "this set has at most {available}"),
}


def say(key: str, **facts: object) -> str:
    """One message in both languages, as `Montenegrin (English)`."""
    montenegrin, english = (text.format(**facts) for text in MESSAGES[key])
    return f"{montenegrin} ({english})"
