"""The small training of `building` in Spanish, for a site whose own words are Spanish too: what else is English is the page's."""

from typing import Any

from shared.contracts.content import Branch, Card, Item, Line, ModulePublished, Option
from shared.contracts.event import Event
from shared.contracts.supervision import Hotline, SiteDescribed
from shared.running import Running
from tests.assessment import building
from tests.assessment.visiting import soon
from tests.driving import deliver


def option(id_: str, text: str, **values: Any) -> Option:
    return Option(id=id_, text=text, why=f"Eso hace {id_.upper()} por la conversación. Guardia: {{staff_on_call}}.", **values)


SINGLE = Item(
    id="q1",
    kind="single",
    skill="reflective_listening",
    topic="presión en casa por una nota",
    stem="Le preguntas por su meta de estudio. Ana, de 14 años, dice: “Mi mamá pregunta por la nota cada noche”.",
    question="¿Qué dices primero?",
    cue="la respuesta que muestra que oíste lo que siente.",
    options=(
        option("a", "“¿Y si estudias solo diez minutos al día?”", mistake="fixes_first"),
        option("b", "“Con esa presión cuesta hasta empezar”.", right=True),
        option("c", "“¿Por qué no quieres abrirlo?”", mistake="asks_instead"),
    ),
)
SAFETY = Item(
    id="q2",
    kind="single",
    skill="disclosure_response",
    safety=True,
    topic="la promesa de guardar un secreto",
    stem="Jaylen, de 13 años, dice: “Tienes que jurar que no vas a contar nada”.",
    question="Tú dices:",
    cue="la honestidad ahora. Y llama: {staff_on_call}.",
    options=(
        option("a", "“Te juro que no le digo a nadie. Ni a {staff_on_call}”.", mistake="promises_secrecy"),
        option("b", "“Eso no lo puedo prometer. Te escucho”.", right=True),
        option("c", "“Entonces mejor no me cuentes”.", mistake="hands_off_duty"),
    ),
)
MULTI = Item(
    id="q3",
    kind="multi",
    skill="reflective_listening",
    topic="qué es un reflejo",
    question="¿Cuáles devuelven lo que oíste?",
    cue="una idea que termina en punto.",
    options=(
        option("a", "“Se siente como demasiado”.", right=True),
        option("b", "“¿Probaste con una agenda?”", mistake="fixes_first"),
        option("c", "“Quisieras que preguntara por otra cosa”.", right=True),
    ),
)
ORDER = Item(
    id="q4",
    kind="order",
    skill="change_talk",
    topic="los pasos de la conversación",
    question="¿En qué orden vas?",
    cue="sus razones van antes que cualquier plan.",
    options=(
        option("a", "Preguntar qué le gusta de eso", place=1),
        option("b", "Devolver las razones que oíste", place=2),
        option("c", "Preguntar qué quiere hacer", mistake="rushing_to_plan", place=3),
    ),
)
OPEN = Item(
    id="q5",
    kind="open",
    skill="reflective_listening",
    topic="tu propio reflejo",
    question="La meta era “una tontería”. ¿Qué dirías primero?",
)
PAIR = Item(
    id="q6",
    kind="single",
    skill="reflective_listening",
    topic="dos maneras",
    question="¿Cuál de las dos?",
    options=(option("a", "Esperar", right=True), option("b", "Llenar el silencio", mistake="topping")),
)
ITEMS = (SINGLE, SAFETY, MULTI, ORDER, OPEN)
CARDS = (
    Card(title="Reflejar es adivinar con punto final", text="Di **lo que oíste** y para. Si se trata de daño: {state_hotline}."),
    Card(
        kind="example",
        title="Tres intentos",
        text="Un buen intento.",
        scene=(Line(who="student", text="Pues normal. ¿A quién llamo? {state_hotline}."),),
    ),
    Card(
        kind="branch",
        title="Cuando arreglamos demasiado pronto",
        text="Una estudiante, de 14 años, eligió una meta en septiembre.",
        scene=(Line(who="student", text="Otra vez fallé en dos."), Line(who="you", text="Solo tienes que empezar antes.")),
        branches=(
            Branch(id="a", say="“Dos, y sientes que así eres tú”.", reaction="Más o menos. Sí.", then="Ella sigue hablando."),
            Branch(id="b", say="“¿Y {staff_on_call}?”", reaction="¿{staff_on_call}?", then="Mira a otro lado: {staff_on_call}."),
        ),
    ),
)


def published(*items: Item, **changes: Any) -> ModulePublished:
    values = {
        "locale": "es",
        "title": "Devuélvele lo que oíste",
        "hook": "Va a decir que la escuela estuvo normal. Tienes una frase.",
        "keep_in_mind": "Antes de tu primera sugerencia, di en una frase lo que oíste.",
        "refer_when": "Si oyes que no hay esperanza, busca ayuda como dicen tus pasos.",
        "cards": CARDS,
        "prompts": ("“¿Qué oíste?”",),
    }
    return building.published(*(items or ITEMS), **values | changes)


def site(**changes: Any) -> SiteDescribed:
    values = {
        "name": "Mentores del Este",
        "hotline": Hotline(label="Protección infantil del estado", number="1-800-555-0199"),
        "reporting_steps": ("Llama a la línea del estado.", "Escribe en el formulario lo que dijo, con sus palabras."),
    }
    return building.site(**values | changes)


async def arrive(running: Running, *items: Item, **assignment: Any) -> None:
    """Everything that a training in Spanish needs, in the usual order."""
    asked, when = items or ITEMS, soon()
    events: list[Event] = [
        site(),
        building.enrolled(locale="es"),
        building.planned(**when),
        published(*asked),
        building.assigned(*asked, **{"locale": "es"} | when | assignment),
    ]
    assert [outcome.kind for outcome in await deliver(running, *events)] == ["applied"] * 5
