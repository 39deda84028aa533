"""QTI 3 packages: what comes along, what is refused by its file, and packages that mean harm."""

import io
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.content import exchange, qti
from shared.contracts.vocabulary import vocabulary

ITEM = """<?xml version="1.0" encoding="UTF-8"?>
<qti-assessment-item xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0" identifier="i" title="A bad day" {attributes}>
{declared}<qti-item-body>{body}</qti-item-body>{after}</qti-assessment-item>"""
CHOICE = """<p>Ana, 14, sighs.</p><qti-choice-interaction response-identifier="RESPONSE" max-choices="{most}">
<qti-prompt>What do you <b>say</b>?</qti-prompt>
<qti-simple-choice identifier="A">Why?<qti-feedback-inline outcome-identifier="F" identifier="A">It asks.</qti-feedback-inline>
</qti-simple-choice><qti-simple-choice identifier="B">A hard day.</qti-simple-choice>
<qti-simple-choice identifier="C"><p>Cheer <!-- x -->up.</p></qti-simple-choice></qti-choice-interaction>"""
ORDER = """<qti-order-interaction response-identifier="RESPONSE"><qti-prompt>In which order?</qti-prompt>
<qti-simple-choice identifier="A">Act</qti-simple-choice><qti-simple-choice identifier="B">Breathe</qti-simple-choice>
<qti-simple-choice identifier="C">Call</qti-simple-choice></qti-order-interaction>"""
MODAL = '<qti-modal-feedback outcome-identifier="F" identifier="{}" show-hide="show">{}</qti-modal-feedback>'


def declared(*right, cardinality="single", mapped=""):
    values = "".join(f"<qti-value>{value}</qti-value>" for value in right)
    correct = f"<qti-correct-response>{values}</qti-correct-response>" if right else ""
    attributes = f'identifier="RESPONSE" cardinality="{cardinality}" base-type="identifier"'
    return f"<qti-response-declaration {attributes}>{correct}{mapped}</qti-response-declaration>"


def an_item(body, declared="", after="", attributes=""):
    return ITEM.format(body=body, declared=declared, after=after, attributes=attributes)


def single(**changes):
    return an_item(**{"body": CHOICE.format(most=1), "declared": declared("B")} | changes)


def manifest(*hrefs, kind="imsqti_item_xmlv3p0"):
    resources = "".join(f'<resource identifier="r{n}" type="{kind}" href="{href}"/>' for n, href in enumerate(hrefs))
    return f'<manifest xmlns="http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1"><resources>{resources}</resources></manifest>'


def package(files, **more):
    """A zip of these files; the manifest names every .xml of them, unless it is given."""
    files = {"imsmanifest.xml": manifest(*files, **more)} | files
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return made.getvalue()


def only(text):
    found = qti.read(package({"items/q.xml": text}))
    assert found.faults == ()
    (question,) = found.questions
    return question


def fault(text):
    """Of one question beside a good one, which must be unharmed."""
    found = qti.read(package({"bad.xml": text, "good.xml": single()}))
    assert [question.group for question in found.questions] == ["good.xml"]
    (fault,) = found.faults
    assert fault.group == "bad.xml"
    assert fault.mend.endswith(".")
    return fault


def imported(*questions):
    return exchange.imported(questions, "open_questions_2", "open_questions", "en", vocabulary())


def answers(question):
    return [(answer.text, answer.right, answer.feedback) for answer in question.answers]


def test_a_choice_comes_along_with_its_words_its_right_option_and_its_feedback():
    question = only(single(after=MODAL.format("B", "<p>It hears.</p>")))
    assert (question.kind, question.title, question.group) == ("single_choice", "A bad day", "items/q.xml")
    assert question.text == "Ana, 14, sighs.\n\nWhat do you say?"
    assert answers(question) == [("Why?", False, "It asks."), ("A hard day.", True, "It hears."), ("Cheer up.", False, "")]
    (outcome,) = imported(question).questions
    assert (outcome.outcome, outcome.item) == ("imported", "q1")


@pytest.mark.parametrize(("most", "cardinality"), [("0", "multiple"), ("2", "multiple"), ("1", "multiple")])
def test_several_right_options_make_a_question_with_several(most, cardinality):
    question = only(an_item(CHOICE.format(most=most), declared("A", "B", cardinality=cardinality)))
    assert question.kind == "multiple_response"
    assert [answer.right for answer in question.answers] == [True, True, False]


def test_without_a_correct_response_the_mapping_says_what_is_right():
    entries = '<qti-map-entry map-key="B" mapped-value="2"/><qti-map-entry map-key="C" mapped-value="1"/>'
    mapping = f"<qti-mapping>{entries}</qti-mapping>"
    partly = only(single(declared=declared("B", mapped=mapping)))
    assert [(answer.right, answer.share) for answer in partly.answers] == [(False, None), (True, None), (False, 50)]
    assert "“Cheer up.” gave 50 % of the points" in imported(partly).questions[0].notes[0]
    alone = only(an_item(CHOICE.format(most=0), declared(mapped=mapping, cardinality="multiple")))
    assert [answer.right for answer in alone.answers] == [False, True, True]


def test_an_order_comes_along_in_its_right_order_with_its_feedback():
    text = an_item(ORDER, declared("B", "C", "A", cardinality="ordered"), MODAL.format("C", "Now."))
    question = only(text)
    assert answers(question) == [("Breathe", True, ""), ("Call", True, "Now."), ("Act", True, "")]
    options = imported(question).module.items[0].options
    assert [(option.text, option.place) for option in options] == [("Breathe", 1), ("Call", 2), ("Act", 3)]


@pytest.mark.parametrize("right", [("B", "C"), ("B", "C", "X"), ("B", "C", "A", "A")])
def test_an_order_that_is_not_said_in_full_is_refused(right):
    assert "right order" in fault(an_item(ORDER, declared(*right, cardinality="ordered"))).what


def test_a_long_text_answer_is_open_and_its_feedback_is_the_cue():
    body = '<p>Write it.</p><qti-extended-text-interaction response-identifier="RESPONSE"/>'
    question = only(an_item(body, after=MODAL.format("done", "One question, no advice.")))
    item = imported(question).module.items[0]
    assert (item.kind, item.question, item.cue) == ("open", "Write it.", "One question, no advice.")


def test_a_short_text_answer_leaves_a_blank_and_says_what_it_accepted():
    body = '<p>Count to <qti-text-entry-interaction response-identifier="RESPONSE"/> and wait.</p>'
    question = only(an_item(body, declared("five")))
    assert (question.kind, question.text) == ("short_answer", "Count to _____ and wait.")
    assert "It accepted “five”." in imported(question).questions[0].notes[0]


def test_feedback_for_the_right_and_for_the_wrong_goes_to_them_and_the_rest_is_kept():
    after = MODAL.format("correct", "Yes.") + MODAL.format("incorrect", "No.") + MODAL.format("outro", "All.")
    question = only(single(after=after))
    assert [feedback for _, _, feedback in answers(question)] == ["It asks. No.", "Yes.", "No."]
    assert question.general == "All."


def test_pictures_formulas_and_notes_for_scorers_are_named_as_left_behind():
    media = '<p>Look: <img src="../media/cat.png" alt="a cat"/><math><mi>x</mi></math></p>'
    rubric = '<qti-rubric-block view="scorer" use="scoring"><p>Two points.</p></qti-rubric-block>'
    question = only(single(body=media + rubric + CHOICE.format(most=1)))
    assert "points" not in question.text
    assert imported(question).questions[0].notes == (
        "The picture or medium “cat.png” did not come along.",
        "A formula did not come along.",
        "The rubric for scorers did not come along.",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (an_item('<qti-match-interaction response-identifier="RESPONSE"/>'), "match-interaction"),
        (an_item('<qti-portable-custom-interaction response-identifier="RESPONSE"/>'), "portable-custom-interaction"),
        (an_item('<qti-hotspot-interaction response-identifier="RESPONSE"/>' + ORDER), "hotspot-interaction"),
        (an_item(CHOICE.format(most=1) + ORDER, declared("B")), "2 things at once"),
        (single(attributes='adaptive="true"'), "adaptive"),
        (single(declared='<qti-template-declaration identifier="T"/>' + declared("B")), "made up anew"),
        ('<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1"/>', "QTI 2"),
        ("<html/>", "no question of QTI 3"),
        ("<qti-assessment-item>", "no XML"),
        ("", "no XML"),
        ('<?xml version="1.0" encoding="klingon"?><a/>', "encoding"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "document type"),
        ('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "document type"),
        ('<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>', "document type"),
        (an_item("<div>" * 20_000 + "</div>" * 20_000 + CHOICE.format(most=1)), "nested too deeply"),
        (" " * (qti.LARGEST_FILE + 1), "larger than 2 MiB"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_file_and_the_reason(text, said):
    assert said in fault(text).what


def test_a_question_without_an_interaction_is_refused_as_text_to_read():
    (outcome,) = imported(only(an_item("<p>Read this.</p>"))).questions
    assert (outcome.type, outcome.outcome) == ("description", "refused")


@pytest.mark.parametrize(
    "href",
    ["../q.xml", "/etc/passwd", "a/../../q.xml", "..%2Fq.xml", "C:/q.xml", "a\\q.xml", "http://127.0.0.1:1/q.xml", "..", ""],
)
def test_a_manifest_that_points_outside_reads_nothing_there(href):
    found = qti.read(package({"imsmanifest.xml": manifest(href, "good.xml"), "good.xml": single(), "../q.xml": single()}))
    assert [question.group for question in found.questions] == ["good.xml"]
    assert [fault.what for fault in found.faults] == ["It points outside the package."]


def test_a_file_that_the_package_does_not_hold_is_named():
    found = qti.read(package({"imsmanifest.xml": manifest("gone.xml", "good.xml"), "good.xml": single()}))
    assert [(fault.group, fault.what) for fault in found.faults] == [("gone.xml", "The package does not hold this file.")]


def test_a_bomb_is_not_unpacked():
    bomb = package({"bomb.xml": b"\0" * (64 * qti.MIB)})
    assert len(bomb) < qti.MIB / 10
    assert [fault.what for fault in qti.read(bomb).faults] == ["The file is larger than 2 MiB."]


def test_a_damaged_file_leaves_the_others_unharmed():
    text = single()
    made = bytearray(package({"bad.xml": text, "good.xml": text}))
    at = made.index(b"bad.xml", made.index(b"PK\x03\x04", 4)) + len(b"bad.xml") + 5
    made[at : at + 60] = b"\xff" * 60
    found = qti.read(bytes(made))
    assert [fault.what for fault in found.faults] == ["The file is damaged."]
    assert [question.group for question in found.questions] == ["good.xml"]


def test_a_folder_around_the_package_and_spaces_in_names_change_nothing():
    files = {"pack/imsmanifest.xml": manifest("my%20items/q.xml"), "pack/my items/q.xml": single()}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    assert [question.group for question in qti.read(made.getvalue()).questions] == ["pack/my items/q.xml"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no zip file"),
        (b"PK\x03\x04 and no more", "no zip file"),
        (package({"imsmanifest.xml": "<manifest>"}), "imsmanifest.xml: It is no XML."),
        (package({"imsmanifest.xml": "<!DOCTYPE a><a/>"}), "imsmanifest.xml: It declares a document type"),
        (package({"imsmanifest.xml": manifest()}), "names no question"),
        (package({"t.xml": "<a/>"}, kind="imsqti_test_xmlv3p0"), "names no question"),
        (package({"imsmanifest.xml": manifest(*map(str, range(501)))}), "501 questions"),
        (package({str(n): "" for n in range(5_001)}), "more than 5000 files"),
    ],
)
def test_what_is_no_package_says_so(data, said):
    with pytest.raises(qti.NoPackage, match=said):
        qti.read(data)


def test_a_zip_without_a_manifest_says_so():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("q.xml", single())
    with pytest.raises(qti.NoPackage, match="has no imsmanifest"):
        qti.read(made.getvalue())


GOOD = package({"q.xml": single(), "o.xml": an_item(ORDER, declared("A", "B", "C"))})


@settings(max_examples=1_500, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=12))
def test_no_bytes_stop_the_reader(at, put):
    try:
        found = qti.read(GOOD[:at] + put + GOOD[at + len(put) :])
    except qti.NoPackage as problem:
        assert str(problem).endswith(".")
    else:
        assert len(found.questions) + len(found.faults) >= 1
