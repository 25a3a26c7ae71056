"""What the solver, the data loader, the experiments and the explorers say: Montenegrin, with English beside it.

say("too_many", name="num_test", number=9000, available=1017)  # both languages; in an English release that one
tell("stopped", done=0.4)                                      # the one that FUNKCIJE_LANG names, or the release's
"""

import json
import os
from pathlib import Path

MESSAGES: dict[str, tuple[str, str]] = {
    # Why CIFAR-10 is not there, and what is used instead.
    "offline": ("FUNKCIJE_OFFLINE isključuje preuzimanje", "FUNKCIJE_OFFLINE turns downloading off"),
    "no_pooch": (
        "Za preuzimanje skupa CIFAR-10 potreban je paket pooch",
        "downloading CIFAR-10 needs the package pooch",
    ),
    "no_cache": (
        "Nema foldera za preuzimanje skupa CIFAR-10",
        "there is no folder into which CIFAR-10 could be downloaded",
    ),
    "no_network": ("CIFAR-10 se ne može preuzeti", "CIFAR-10 cannot be downloaded"),
    "generated": (
        "Koristi se generisani skup istih dimenzija",
        "a generated set of the same shape is used",
    ),
    # Folders and files.
    "no_folder": (
        "{folder}: ovdje nema foldera cifar-10-batches-py; navedite folder koji ga sadrži ({by}) ili ne navodite ništa",
        "{folder}: there is no folder cifar-10-batches-py in it; name the folder that holds one ({by}), or name none",
    ),
    "no_file": (
        "{file}: fajl nedostaje; ponovo raspakujte cifar-10-python.tar.gz ili obrišite folder {folder}",
        "{file} is missing; unpack cifar-10-python.tar.gz again, or delete the folder {folder}",
    ),
    "bad_file": (
        "{file}: fajl nije ispravan; ponovo raspakujte cifar-10-python.tar.gz ili obrišite folder {folder}",
        "{file} is not a CIFAR-10 batch: {found}; unpack cifar-10-python.tar.gz again, or delete the folder {folder}",
    ),
    # What the experiments need.
    "not_written": (
        "Eksperiment koristi dio zadatka koji još nije napisan: {function}",
        "the experiment uses a part of the assignment that is not written yet: {function}",
    ),
    "no_data": ("U podacima nedostaje {missing}", "missing in the data: {missing}"),
    "no_rule": (
        "update_rule={rule!r}: takvog pravila nema; postoje {known}",
        "there is no update rule {rule!r}; there are {known}",
    ),
    # Numbers of rows.
    "no_count": (
        "{name}={number!r}: očekuje se cio broj, {least} ili veći",
        "{name}={number!r}: expected a whole number, {least} or more",
    ),
    "too_many": (
        "{name}={number}: u ovom skupu ih ima najviše {available}",
        "{name}={number}: this set has at most {available}",
    ),
    # What a solver prints while it trains.
    "iteration": ("(Iteracija {step} / {steps}) gubitak: {loss:f}", "(Iteration {step} / {steps}) loss: {loss:f}"),
    "epoch_ends": (
        "(Epoha {epoch} / {epochs}) tačnost na treningu: {train:f}; na validaciji: {val:f}",
        "(Epoch {epoch} / {epochs}) training accuracy: {train:f}; validation accuracy: {val:f}",
    ),
    "saved": ("Sačuvano: {file}", "Saved: {file}"),
    # Nets of an explorer, and what can be set.
    "None": ("bez normalizacije", "no normalization"),
    "batchnorm": ("batch normalizacija", "batch normalization"),
    "layernorm": ("layer normalizacija", "layer normalization"),
    "weight_scale": ("skala početnih težina (st. devijacija)", "scale of the initial weights (std. dev.)"),
    "batch_size": ("veličina batch-a (broj slika)", "batch size (images)"),
    "learning_rate": ("stopa učenja (po koraku)", "learning rate (per step)"),
    "depth": ("dubina mreže (broj slojeva)", "depth of the network (layers)"),
    "in_weight_scale": ("skala {value:.1e}", "scale {value:.1e}"),
    "in_batch_size": ("batch {value}", "batch {value}"),
    "in_learning_rate": ("stopa učenja {value:.1e}", "learning rate {value:.1e}"),
    "in_depth": ("broj slojeva {value}", "{value} layers"),
    # Its pictures.
    "epoch": ("epoha", "epoch"),
    "loss": ("gubitak", "loss"),
    "loss_title": ("Gubitak na treningu", "Training loss"),
    "accuracy": ("tačnost", "accuracy"),
    "accuracy_title": ("Tačnost: ● trening, ○ validacija", "Accuracy: ● training, ○ validation"),
    "layer": ("skriveni sloj", "hidden layer"),
    "spread": ("standardna devijacija", "standard deviation"),
    "gradient_title": ("Gradijenti (tanko: na početku)", "Gradients (thin: initially)"),
    "spread_title": ("Aktivacije (tanko: na početku)", "Activations (thin: initially)"),
    "best_train": ("Najbolja tačnost na treningu", "Best training accuracy"),
    "best_val": ("Najbolja tačnost na validaciji", "Best validation accuracy"),
    "final_loss": ("Gubitak na kraju treninga", "Loss at the end of training"),
    # The same in words.
    "alt": (
        "Grafici treniranja ({settings}), korak {step} od {steps}.",
        "Plots of a training run ({settings}), step {step} of {steps}.",
    ),
    "alt_blank": ("Prazni grafici: još ništa nije trenirano.", "Empty plots: nothing has been trained yet."),
    "alt_net": (
        "{net}: gubitak {loss:.3g}, tačnost na treningu {train:.2f}, na validaciji {val:.2f}",
        "{net}: loss {loss:.3g}, training accuracy {train:.2f}, validation accuracy {val:.2f}",
    ),
    "alt_spread": (
        "; standardna devijacija aktivacija od {first:.1e} u prvom do {last:.1e} u posljednjem skrivenom sloju",
        "; standard deviation of the activations from {first:.1e} in the first to {last:.1e} in the last hidden layer",
    ),
    "alt_gradient": (
        ", gradijenata po njima od {first:.1e} do {last:.1e}",
        ", of the gradients with respect to them from {first:.1e} to {last:.1e}",
    ),
    "alt_tried": (
        "Isprobano: {setting}, i najbolja tačnost na treningu. {values}.",
        "Tried: {setting}, and the best training accuracy. {values}.",
    ),
    # Its state.
    "train": ("Treniraj", "Train"),
    "stop": ("Zaustavi", "Stop"),
    "move": ("Pomjerite klizač ili pritisnite „Treniraj“.", "Move a slider, or press Train."),
    "sliders": ("Klizači se ovdje pojavljuju kada se ćelija pokrene.", "The sliders appear here once the cell is run."),
    "training": ("Trenira se.", "Training."),
    "progress": ("napredak treniranja", "training progress"),
    "left": ("{done:.0%}, još {seconds:.0f} s", "{done:.0%}, {seconds:.0f} s left"),
    "finished": ("Treniranje je završeno.", "The training has finished."),
    "first": ("Prvo, kratko treniranje ({done:.0%}).", "The first, short training run ({done:.0%})."),
    "gone": (
        "Kernel je ugašen ili ponovo pokrenut, pa klizači ne rade. Pokrenite ovu ćeliju ponovo.",
        "The kernel was shut down or restarted, so the sliders do nothing. Run this cell again.",
    ),
    "stopped": ("Treniranje je zaustavljeno na {done:.0%}.", "The training was stopped at {done:.0%}."),
    "diverged": (
        "{net}: treniranje je divergiralo u koraku {step}, gubitak više nije konačan broj.",
        "{net}: the training diverged at step {step}, its loss is no longer a finite number.",
    ),
    "above": ("{net}: gubitak {loss:.3g} je izvan okvira grafika.", "{net}: the loss {loss:.3g} is outside the plot."),
    "unknown_spread": (
        "{net}: aktivacije se ovdje ne prate, jer mreže računate zajedno ne daju isto što i svaka zasebno.",
        "{net}: the activations are not shown, since nets computed together do not give what each gives alone.",
    ),
    # The race of the update rules.
    "sgd": ("SGD", "SGD"),
    "sgd_momentum": ("momentum", "momentum"),
    "rmsprop": ("RMSProp", "RMSProp"),
    "adam": ("Adam", "Adam"),
    "valley": ("dolina", "valley"),
    "saddle": ("sedlo", "saddle"),
    "noisy_bowl": ("zdjela sa šumom", "noisy bowl"),
    "memory": ("momentum i beta1 (prosjek gradijenata)", "momentum and beta1 (average gradient)"),
    "decay": ("decay_rate i beta2 (prosjek kvadrata)", "decay_rate and beta2 (average square)"),
    "start_x": ("početna tačka: x", "starting point: x"),
    "start_y": ("početna tačka: y", "starting point: y"),
    "in_memory": ("momentum {value}", "momentum {value}"),
    "in_decay": ("decay_rate {value}", "decay_rate {value}"),
    "in_start_x": ("x = {value:.2f}", "x = {value:.2f}"),
    "in_start_y": ("y = {value:.2f}", "y = {value:.2f}"),
    "race_map": ("{surface} (○ početak, × najniže)", "{surface} (○ start, × lowest)"),
    "race_heights": ("{surface}: visina", "{surface}: height"),
    "height": ("visina iznad ×", "height above ×"),
    "step": ("korak", "step"),
    "point_here": (
        "Slika trke. Strelice pomjeraju početnu tačku.",
        "Picture of the race. Arrow keys move the starting point.",
    ),
    "race": ("Pokreni trku", "Start the race"),
    "race_move": (
        "Kliknite na neku od površi, pritiskajte strelice dok je slika izabrana (Tab), ili pomjerite klizač.",
        "Click on one of the surfaces, press arrow keys while the picture has focus (Tab), or move a slider.",
    ),
    "race_running": (
        "Trka traje, od tačke ({start_x:.2f}, {start_y:.2f}).",
        "Racing, from the point ({start_x:.2f}, {start_y:.2f}).",
    ),
    "race_progress": ("napredak trke", "progress of the race"),
    "race_finished": ("Trka je završena.", "The race has finished."),
    "race_first": ("Početak prve trke ({done:.0%}).", "The beginning of the first race ({done:.0%})."),
    "race_stopped": ("Trka je zaustavljena na {done:.0%}.", "The race was stopped at {done:.0%}."),
    "race_not_written": (
        "{rule}: pravilo još nije napisano i ne učestvuje u trci.",
        "{rule}: the rule is not written yet, and does not race.",
    ),
    "race_fault": ("{rule}: {error}", "{rule}: {error}"),
    "race_result": (
        "pravilo vraća {found}; očekuje se par w, config",
        "the rule returns {found}; expected a pair w, config",
    ),
    "race_point": (
        "pravilo vraća w koje je {found}; očekuje se niz brojeva oblika (2,)",
        "the rule returns a w that is {found}; expected an array of numbers, of shape (2,)",
    ),
    "race_at": ("{surface}: korak {step}", "{surface}: step {step}"),
    "race_not_finite": (
        "{rule}: tačka više nije konačan broj ({places}).",
        "{rule}: the point is no longer a finite number ({places}).",
    ),
    "race_away": ("{rule}: izvan okvira grafika ({surfaces}).", "{rule}: outside the plot ({surfaces})."),
    "race_alt": (
        "Trka pravila na tri površi ({settings}), korak {step} od {steps}.",
        "A race of update rules on three surfaces ({settings}), step {step} of {steps}.",
    ),
    "race_alt_surface": ("{surface}, visina: {values}.", "{surface}, height: {values}."),
    "fault": ("{file}, linija {line}: {error}", "{file}, line {line}: {error}"),
    "not_reloaded": ("Vaša izmjena se ne može učitati: {error}", "Your change cannot be loaded: {error}"),
    "no_ipywidgets": (
        "Za klizače je potreban paket ipywidgets: %pip install ipywidgets, pa ponovo pokrenite kernel.",
        "The sliders need the package ipywidgets: %pip install ipywidgets, then restart the kernel.",
    ),
}


def say(key: str, **facts: object) -> str:
    """One message in both languages, as `Montenegrin (English)`; where the release is in English, in English."""
    montenegrin, english = (text.format(**facts) for text in MESSAGES[key])
    if LANGUAGE != "en":
        return f"{montenegrin} ({english})"
    return english[:1].upper() + english[1:] if MESSAGES[key][1][:1].islower() else english


def tell(key: str, **facts: object) -> str:
    """One message in the language that the environment variable `FUNKCIJE_LANG` names, or the release's."""
    montenegrin, english = MESSAGES[key]
    language = os.environ.get("FUNKCIJE_LANG")
    return (english if (language if language in {"cnr", "en"} else LANGUAGE) == "en" else montenegrin).format(**facts)


def _of_the_release() -> str:
    """The language of the release around this package, as a file of its checks says; Montenegrin in none."""
    try:
        said = json.loads((Path(__file__).parents[1] / "checks" / "manifest.json").read_text(encoding="utf-8"))
        return str(said["languages"][0])
    except (OSError, ValueError, LookupError, TypeError):
        return "cnr"


LANGUAGE = _of_the_release()
