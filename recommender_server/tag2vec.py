"""tag2vec: Word2Vec (Mikolov et al. 2013) over bags of tags, of the seed and of real tracks.

A sentence is a walk through the seed's relations; tags that share company come to lie together.
Synonyms stand in for one another in it, so that "잔잔한" learns what "calm" learns.
"""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING

import numpy as np
from gensim.models import Word2Vec

from contracts.tag_space import CERTAINTY, KINDS, OTHER, TagSpace, normalise, unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from recommender_server.tag_seed import Term

logging.getLogger("gensim").setLevel(logging.WARNING)  # it tells of each second

DIMENSIONS = 48
WALKS_EACH, RETRAIN_WALKS_EACH, WALK_LENGTH = 60, 15, 8
EPOCHS, RETRAIN_EPOCHS = 8, 4
BY_RELATION, BY_NAME = 0.65, 0.45
"""Chance that a step follows a relation rather than the mood, and that a word keeps its name."""
MOOD_NEARNESS = 12
NEIGHBOURS = 8
SEED = 20200601


def seed_sentences(
    terms: Sequence[Term], seed: int = SEED, walks_each: int = WALKS_EACH
) -> list[list[str]]:
    """Walks over the seed: relations, and nearness of mood, which ties kinds together."""
    chance = random.Random(seed)
    by_word = {word: row for row, term in enumerate(terms) for word in (term.name, *term.also)}
    links: list[set[int]] = [{by_word[word] for word in term.near} for term in terms]
    for row, near in enumerate([set(link) for link in links]):
        for other in near:
            links[other].add(row)
    related = [sorted(link - {row}) for row, link in enumerate(links)]
    akin = _akin(terms)
    sentences = []
    for row in range(len(terms)):
        for _ in range(walks_each):
            walk = _walk(row, related, akin, chance)
            sentences.append([_surface(terms[step], chance) for step in walk])
    chance.shuffle(sentences)
    return sentences


def _akin(terms: Sequence[Term]) -> list[list[int]]:
    """The terms nearest in mood to each, among those that speak of mood at all."""
    places = np.array([(term.valence, term.arousal) for term in terms], np.float32)
    speaks = np.array([term.certainty >= CERTAINTY["genre"] for term in terms])
    away = ((places[:, None] - places[None, :]) ** 2).sum(axis=2)
    away[:, ~speaks] = np.inf
    np.fill_diagonal(away, np.inf)
    nearest: list[list[int]] = np.argsort(away, axis=1, kind="stable")[:, :MOOD_NEARNESS].tolist()
    return nearest


def _walk(
    start: int, related: list[list[int]], akin: list[list[int]], chance: random.Random
) -> list[int]:
    walk = [start]
    while len(walk) < WALK_LENGTH:
        here = walk[-1] if chance.random() < 0.6 else start  # noqa: PLR2004 - stays on its subject
        choices = related[here] if related[here] and chance.random() < BY_RELATION else akin[here]
        walk.append(chance.choice(choices))
    return walk


def _surface(term: Term, chance: random.Random) -> str:
    if not term.also or chance.random() < BY_NAME:
        return term.name
    return chance.choice(term.also)


def seed_space(terms: Sequence[Term]) -> TagSpace:
    """The tag space of the seed alone: the same on every run with one version of gensim."""
    model = _model(DIMENSIONS, EPOCHS)
    sentences = seed_sentences(terms)
    model.build_vocab(sentences)
    model.train(sentences, total_examples=len(sentences), epochs=EPOCHS)
    rows: list[tuple[str, int]] = [(term.name, row) for row, term in enumerate(terms)]
    rows += [(word, row) for row, term in enumerate(terms) for word in term.also]
    vectors = np.array([model.wv[name] for name, _ in rows], np.float32)
    return TagSpace(
        names=tuple(name for name, _ in rows),
        vectors=unit(vectors - vectors.mean(axis=0)),
        valence_arousal=np.array(
            [(terms[row].valence, terms[row].arousal) for _, row in rows], np.float32
        ),
        certainty=np.array([terms[row].certainty for _, row in rows], np.float32),
        canon=np.array([row for _, row in rows], np.int32),
        kinds=np.array([KINDS.index(terms[row].kind) for _, row in rows], np.uint8),
    )


def retrained(
    space: TagSpace, terms: Sequence[Term], bags: Iterable[Sequence[str]], *, seed: int = SEED
) -> TagSpace:
    """The space after a look at real tracks' tags; new tags get a place and a mood in it.

    Starts from the vectors it has. The seed's own sentences are trained along, so that a
    library of one genre cannot pull "sad" to "party".
    """
    known = [[normalise(tag) for tag in bag] for bag in bags]
    real = [bag for bag in known if len(bag) > 1]
    if not real:
        return space
    wide = space.extended(tag for bag in real for tag in bag)
    chance = random.Random(seed)
    sentences = seed_sentences(terms, seed, RETRAIN_WALKS_EACH)
    sentences += [chance.sample(bag, len(bag)) for bag in real]
    chance.shuffle(sentences)
    model = _model(wide.vectors.shape[1], RETRAIN_EPOCHS)
    model.build_vocab(sentences)
    for name, row in wide.index.items():
        if name in model.wv and wide.vectors[row].any():
            model.wv.vectors[model.wv.key_to_index[name]] = wide.vectors[row]
    model.train(sentences, total_examples=len(sentences), epochs=RETRAIN_EPOCHS)
    vectors = wide.vectors.copy()
    learnt = [row for name, row in wide.index.items() if name in model.wv]
    vectors[learnt] = np.array([model.wv[wide.names[row]] for row in learnt])
    vectors[learnt] -= vectors[learnt].mean(axis=0)
    return _placed(wide, unit(vectors), len(space.names))


def _placed(space: TagSpace, vectors: NDArray[np.float32], known: int) -> TagSpace:
    """New tags take the mood of the known ones around them, the surer the more alike."""
    places, certainty = space.valence_arousal.copy(), space.certainty.copy()
    closeness = np.maximum(vectors[known:] @ vectors[:known].T, 0) ** 2
    for row, weights in enumerate(closeness, start=known):
        near = np.argsort(-weights, kind="stable")[:NEIGHBOURS]
        share = weights[near] * space.certainty[near]
        if share.sum() > 0 and certainty[row] == 0:
            places[row] = share @ space.valence_arousal[near] / share.sum()
            certainty[row] = float(share.mean()) * 0.5
    return TagSpace(
        names=space.names,
        vectors=vectors,
        valence_arousal=places,
        certainty=certainty,
        canon=space.canon,
        kinds=np.where(np.arange(len(vectors)) < known, space.kinds, OTHER).astype(np.uint8),
    )


def _model(dimensions: int, epochs: int) -> Word2Vec:
    """One worker: two would race, and no two runs would agree."""
    return Word2Vec(
        vector_size=dimensions,
        window=4,
        min_count=1,
        sg=1,
        negative=8,
        sample=0,
        epochs=epochs,
        workers=1,
        seed=SEED,
    )
