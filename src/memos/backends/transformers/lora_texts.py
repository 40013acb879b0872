"""Neutral texts: those by which a training is held where the model was, and others on which the gate measures what it did to the model."""

KEPT = (
    "The river rises in the hills and runs for sixty miles before it meets the sea.",
    "Most bread is made of flour, water, salt and yeast, and the dough has to rest before it is baked.",
    "In winter the days are short, and many birds fly south to find food.",
    "A computer stores numbers as patterns of bits and follows instructions one after another.",
    "The museum opens at nine, and visitors leave their bags and coats at the entrance.",
    "To plant a tree, dig a hole twice as wide as its roots and water it well.",
    "She closed the book, put out the lamp and listened to the rain on the roof.",
    "Prices rise when many people want what there is little of.",
    "Sailors used to find their way by the stars, long before anybody had a clock that kept time at sea.",
    "The train was late again, so we waited on the platform and talked about the weather.",
    "A good knife is sharp, well balanced and easy to clean after use.",
    "Children learn to speak by listening to the people around them for many months.",
    "The law says that a contract needs two parties who agree on the same thing.",
    "When the market closes, the farmers load their empty crates and drive home.",
    "Cells divide, and each new cell gets a copy of the same instructions.",
    "He painted the door green, although everybody else in the street preferred white.",
)
MEASURED = (
    (
        "The old bridge was closed for repairs in spring, so the farmers took their carts through the shallow water below the "
        "mill. Nobody minded much until the rains came and the river rose above the stones."
    ),
    (
        "A glacier is a large mass of ice that moves slowly down a valley under its own weight. It carries rocks with it, and "
        "where it melts it leaves them behind in long ridges."
    ),
    (
        "When the orchestra had tuned, the conductor raised her hand and waited for silence. The first notes were so soft that "
        "people in the last row leaned forward in order to hear them."
    ),
    (
        "Before you paint a wall, wash it and let it dry for a day. Fill the small cracks, sand them smooth, and cover the floor "
        "with paper, because drops are hard to remove once they are dry."
    ),
    (
        "The committee met twice to discuss the new timetable. Most members agreed that trains should run more often in the "
        "evening, but there was no money for it this year."
    ),
    (
        "Honey keeps for a very long time because it has little water in it and is slightly acid. Bees make it from the nectar of "
        "flowers and store it in cells of wax."
    ),
)
