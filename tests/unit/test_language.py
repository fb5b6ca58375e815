"""Language detection: right on plain news, unmoved by a wrong default, helped by a right declaration."""

from __future__ import annotations

import subprocess
import sys

import pytest

from presswatch.language import LANGUAGES, detect, label, normalise_tag

LEADS = {
    "en": (
        "Wheat exports halted after drought",
        "The ministry said on Monday that no licence would be issued before May.",
    ),
    "es": ("Suspenden la exportación de trigo", "El ministerio dijo el lunes que no habrá licencias antes de mayo."),
    "fr": ("Les exportations de blé suspendues", "Le ministère a indiqué lundi qu'aucune licence ne serait délivrée."),
    "de": ("Weizenausfuhr nach Dürre gestoppt", "Das Ministerium teilte am Montag mit, vor Mai werde nichts erlaubt."),
    "ru": ("Экспорт пшеницы остановлен", "В понедельник министерство сообщило, что лицензий до мая не будет."),
    "ar": ("وقف تصدير القمح بعد الجفاف", "قالت الوزارة يوم الاثنين إنها لن تصدر أي ترخيص قبل شهر مايو."),
    "uk": ("Експорт пшениці зупинено", "У понеділок міністерство повідомило, що ліцензій до травня не буде."),
    "zh": ("干旱后小麦出口暂停", "该部周一表示，五月之前不会发放任何许可证。"),
    "sw": ("Mauzo ya ngano nje yasitishwa", "Wizara ilisema Jumatatu kwamba hakuna leseni itakayotolewa kabla ya Mei."),
}


@pytest.mark.parametrize("lang", LEADS)
def test_a_headline_with_its_lead_is_recognised_whatever_the_feed_claims(lang: str) -> None:
    title, text = LEADS[lang]
    wrong = "en" if lang != "en" else "de"
    for declared in (None, lang, wrong):
        found, likely = detect(title, text, declared)
        assert found == lang
        assert likely > 0.5


def test_a_declaration_decides_between_close_relatives() -> None:
    title = "Ny avtale om hvete"
    assert detect(title, "", "nb")[0] == "no"
    assert detect(title, "", "da")[0] == "da"


def test_a_declaration_cannot_turn_one_script_into_another() -> None:
    assert detect("Экспорт зерна", "", "en")[0] == "ru"


def test_an_agreeing_declaration_keeps_its_region() -> None:
    title, text = "Exportação de trigo suspensa", "O ministério disse na segunda-feira que não haverá licenças."
    assert detect(title, text, "PT_br")[0] == "pt-BR"


def test_a_language_that_the_model_does_not_know_is_taken_on_trust() -> None:
    assert "gsw" not in LANGUAGES
    assert detect("Grüezi mitenand", "", "gsw") == ("gsw", 0.0)


@pytest.mark.parametrize("text", ["", " ", "12345", "!?", "ok", "\ud800"])
def test_what_has_no_language_gets_none(text: str) -> None:
    assert detect(text, "") == (None, 0.0)
    assert detect(text, "", "fr")[0] == "fr"


@pytest.mark.parametrize(
    ("given", "normal"),
    [("EN", "en"), ("pt_br", "pt-BR"), ("zh-hant-tw", "zh-Hant-TW"), ("nb-NO", "no-NO"), ("iw", "he"), ("ckb", "ku"),
     ("", None), (None, None), ("und", None), ("english please", None), ("x" * 50, None), ("en-" + "a" * 9, None)],
)  # fmt: skip
def test_tags_are_written_as_usual_or_refused(given: str | None, normal: str | None) -> None:
    assert normalise_tag(given) == normal


def test_the_model_is_not_loaded_by_the_import() -> None:
    code = "import sys, presswatch.language; sys.exit('py3langid' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("lang", "shown"),
    [("en", "en"), ("pt-BR", "pt"), ("ZH-Hant", "zh"), ("haw", "other"), ("qx", "other"), (None, "unknown"), ("", "unknown"), ("english", "unknown"), ("12", "unknown")],
)  # fmt: skip
def test_labels_of_languages_are_bounded(lang: str | None, shown: str) -> None:
    assert label(lang) == shown
