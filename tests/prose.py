"""Paragraphs for the trials of attribution: made by a grammar over a wide vocabulary, so that two of them share no more than prose does,
and some written by hand, each with a paraphrase by hand, beside stock phrases such as people paste below everything."""

from random import Random

NOUNS = """
harbour kettle ledger orchard violin chapel tractor lantern invoice bakery clinic notebook garden bridge ferry rooftop engine curtain basket
library compass stable quarry saddle teapot workshop balcony anchor barrel canvas dentist editor fountain gallery hedge island jacket kitchen
ladder market nephew oven parcel quilt radio sailor tunnel uncle valley window yard zoo archive bicycle carpet drawer elevator fence glacier
hammer inspector journal kiosk landlord meadow needle office pianist queue reservoir sculptor tailor umbrella veteran widow auditor beekeeper
cellar dairy envelope festival grocer hotel infirmary jeweller kennel lighthouse miller nursery observatory pharmacy quarrel recipe sermon
terrace usher vineyard warehouse choir almanac bonfire cottage dormitory excavator florist granary helmet inlet jukebox kayak locksmith
mosaic notary orchestra platform quiver railway scaffold tannery urn village wharf apprentice
""".split()
ADJECTIVES = """
narrow dusty cheerful crooked patient wooden expensive quiet borrowed damp famous gentle hollow idle jagged keen loyal muddy nervous orange
pale quaint rusty silver tired upper vacant weary yellow ancient blunt clumsy distant eager faded gloomy humble icy jolly knotted lonely
modest noisy oily plain restless shallow tidy uneven velvet warped absent bitter careful dim elegant frail greasy hasty inland juicy lavish
mellow numb odd proud ragged smoky thorny urgent vivid wild abrupt brisk coarse dented earnest foggy grim
""".split()
VERBS = """
repaired inspected painted sold borrowed hid measured praised cleaned carried described doubted emptied followed guarded hired ignored joined
kept lifted moved named opened packed questioned rented searched traded unlocked visited weighed admired blamed counted delivered examined
filled greeted heated imitated judged knew loaded mended noticed ordered polished quoted recorded shared tasted unloaded valued washed adored
bought cursed defended envied feared gathered handled insured lent missed needed obeyed planned recalled sketched trusted wanted avoided
""".split()
ADVERBS = """
slowly twice barely gladly rarely secretly almost badly calmly daily eagerly firmly gently hardly idly justly kindly loudly mostly nearly
often partly quickly rudely softly tightly usually vaguely warmly again boldly clearly dimly early fondly
""".split()
NAMES = """
Amara Bertil Chiara Dmitri Elif Fatou Goran Hana Ingrid Joaquim Keiko Lubna Marek Nadia Olumide Petra Quentin Rosalba Sven Tamsin Ulrike
Vasco Wanjiru Xiomara Yusuf Zelda Anselm Brigid Cosmo Dorthe Emeka Freya Gustav Hilde Isidro Jorunn Kasper Leocadia
""".split()
TIMES = """
yesterday|last winter|on Tuesday|before noon|after the storm|in April|at dusk|for weeks|that autumn|every Friday|since June|during lunch
|at half past nine|within the hour|all summer|on the ninth|toward evening|until midnight|one rainy day|the year before|near Christmas
|over the weekend|in the small hours|by Thursday
""".replace("\n", "").split("|")
JOINS = "because|although|while|so|but|and then|until|since|unless|whereas|even though|just as|before|after|as soon as".split("|")
PLACES = "behind|beside|under|near|above|outside|across from|next to|beyond|opposite|inside|along|past|below|around".split("|")
WORTH = "said that|believed that|denied that|wrote that|forgot that|swore that|heard that|hoped that|feared that|guessed that".split("|")


class Writer:
    """Writes paragraphs, the same from the same seed. Some words are commoner than others, as in any prose."""

    def __init__(self, seed):
        self.random = Random(seed)

    def one(self, words):
        return words[min(int(self.random.paretovariate(0.9)) - 1 + self.random.randrange(len(words) // 2), len(words) - 1)]

    def thing(self):
        article = self.random.choice(("the", "a", "her", "his", "their", "our", "that", "some", "every", "the other"))
        kind = f"{self.one(ADJECTIVES)} " if self.random.random() < 0.6 else ""
        whose = f" of {self.one(NAMES)}" if self.random.random() < 0.1 else ""
        return f"{article} {kind}{self.one(NOUNS)}{whose}"

    def somebody(self):
        return self.one(NAMES) if self.random.random() < 0.5 else self.thing()

    def clause(self):
        parts = [self.somebody()]
        if self.random.random() < 0.4:
            parts.append(self.one(ADVERBS))
        if self.random.random() < 0.15:
            parts += [self.one(WORTH), self.somebody()]
        parts += [self.one(VERBS), self.thing()]
        if self.random.random() < 0.5:
            parts += [self.one(PLACES), self.thing()]
        if self.random.random() < 0.35:
            parts.append(self.one(TIMES))
        return " ".join(parts)

    def sentence(self):
        text = self.clause()
        if self.random.random() < 0.45:
            text += f"{self.random.choice((', ', ' '))}{self.one(JOINS)} {self.clause()}"
        elif self.random.random() < 0.2:
            text = f"{self.one(TIMES)}, {text}"
        number = f" It cost {self.random.randrange(2, 990)} crowns." if self.random.random() < 0.08 else ""
        return text[0].upper() + text[1:] + self.random.choice("....?!") + number

    def paragraph(self):
        """Some 60 to 110 words."""
        return " ".join(self.sentence() for _ in range(self.random.randrange(5, 9)))


def quotation(paragraph, share, random):
    """Words in a row, so large a share of a paragraph."""
    words = paragraph.split()
    count = max(1, round(len(words) * share))
    start = random.randrange(len(words) - count + 1)
    return " ".join(words[start : start + count])


def reset(text, random):
    """The same words in other case, with other punctuation and other spaces."""
    made = text.upper() if random.random() < 0.3 else text.lower() if random.random() < 0.6 else text.title()
    made = made.translate(str.maketrans(dict.fromkeys(".,!?", random.choice(("", ";", " —", "…")))))
    return made.replace(" ", random.choice(("\n", "  ", " \u200b", "\u00a0")))


def one_in_ten(text, random):
    """One word in ten replaced, each at a place of its own choosing within its ten."""
    words = text.split()
    for start in range(0, len(words), 10):
        words[min(start + random.randrange(10), len(words) - 1)] = random.choice(ADVERBS + ADJECTIVES)
    return " ".join(words)


STOCK = (
    "This message and any attachment are confidential and meant for the addressee alone; if it reached you by mistake, please tell us and delete it.",
    "Thank you for contacting the support desk. Your request has been received and one of our colleagues will get back to you within two working days.",
    "Dear customer, we hope this finds you well. Please do not reply to this mailbox, since nobody reads what arrives here.",
    "The information on this sheet is no medical advice and does not replace a consultation with a doctor or a pharmacist.",
    "Prices are subject to change without notice, and errors and omissions are excepted. All amounts include value added tax.",
    "Agenda of the weekly meeting: approval of the last minutes, open points, new points, any other business, date of the next meeting.",
    "Kind regards from the whole team at the front office, and do not hesitate to call us should you have any further question.",
    "Please consider the environment before printing this letter, and recycle the paper together with the envelope it came in.",
    "As a helpful assistant I can explain this step by step; let me know whether you would like more detail on any of the points.",
    "Your appointment has been confirmed. Bring your insurance card and a list of your medicines, and arrive ten minutes early.",
)
"""What is pasted below or above everything."""

BY_HAND = (
    (
        "We moved the printing press out of the cellar before the river rose, all four of us on one rope, and by morning the water stood where the type cases had been.",
        "Ahead of the flood the four of us hauled the press up from the basement together; at dawn the spot that used to hold the letters was under water.",
    ),
    (
        "Grandmother kept her savings in a biscuit tin behind the flour, and everybody in the street knew it except my grandfather, who baked.",
        "The whole neighbourhood was aware that Granny's money lay in a cookie box at the back of the pantry; only her husband, the one who used the oven, had no idea.",
    ),
    (
        "The clinic lowered her dose to forty milligrams in May, because the tremor in her left hand had come back within a week of the holidays.",
        "Since her left hand was shaking again a few days after the vacation, doctors cut the medicine down to 40 mg in spring.",
    ),
    (
        "If you take the early tram to the glassworks, sit on the right side: after the third stop you can see the kilns burning through the arches.",
        "Riding the first streetcar out to the glass factory, choose a seat on the right, and past stop number three the furnaces show up between the vaults.",
    ),
    (
        "Nobody believed that the deaf dog could herd, until the night of the fog, when she brought in all ninety ewes without a single whistle.",
        "People laughed at the idea of a sheepdog that hears nothing; then one misty evening she drove ninety sheep home on her own, with no signal given.",
    ),
    (
        "My contract ends on the last day of February, and I have told them twice that I will not sign another one with the night shifts in it.",
        "At the end of February the job is over for me; more than once I let them know a renewal with work at night is out of the question.",
    ),
    (
        "The bells had to be cast twice, for the first time a schoolboy had thrown his pocket knife into the bronze, and the big one rattled.",
        "They needed a second casting, as a pupil's penknife had ended up in the molten metal at the first attempt and the largest bell buzzed.",
    ),
    (
        "She reads the last page first, then the first, and only if the two seem to be written by different people does she buy the book.",
        "Her way of choosing novels is to compare ending and beginning, and to pay only for those in which these look like the work of separate authors.",
    ),
    (
        "On the island there are eleven families and twelve surnames, since the ferryman uses his own for trade and his mother's for quarrels.",
        "Eleven households live there under a dozen family names: the man with the boat does business under one and argues under that of his mum.",
    ),
    (
        "He tuned the piano to the radiator, which hummed a little flat all winter, so that in spring the whole choir sounded sharp.",
        "Because the heating droned below pitch during the cold months and he had matched the strings to it, the singers were too high once it was warm.",
    ),
)
"""Paragraphs, each with what another would say for it."""
