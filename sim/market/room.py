"""Losses for want of room, at another load and with other replicas than those with which they were measured.

    (E85)  c = (1 - l) x / H  if l >= 0.1;   else c rises to it, and is not known any more if l < 0.03
    (E86)  l' = max(l, 1 - c R' / x'),   with 0.03 in place of l if l >= 0.1

Of x that an offer was asked a second, its H simulated replicas lost the share l for want of room. If that is much they
were full, and each serves c a second: R' of them, asked x', serve c R'. What is asked goes up and down with the hour,
with customers and with prices, and sellers answer losses with replicas: a share measured once would stand whatever they
do. Who loses less loses to long answers and bursts, about as much at any load; c is then at least what was served. Who
serves more than c and loses less than bursts alone cost has room, and nobody knows how much: software is faster than
when it was full.

It is work that is asked, not requests: those of agents are ten times as long as those of chats, and a model's customers
change within weeks.
"""

from typing import Final

import numpy as np

FULL: Final = 0.1  # share lost from which on replicas are full: below, losses hardly grow with the load (measured)
ANSWER_WORK: Final = 5.0  # work of an answer's token over one of a prompt (assumption: as most list prices weigh them)
CACHED_WORK: Final = 0.1  # the same of a prompt's token that is billed as cached (assumption: likewise)
USUAL: Final = 0.03  # share that who was full loses to bursts once it has room (measured, .02 to .1)


def work(prompt: np.ndarray, cached: np.ndarray, answer: np.ndarray) -> np.ndarray:
    """Work of tokens, in those of prompts; ``cached`` are some of the prompt's."""
    return np.asarray(prompt - (1.0 - CACHED_WORK) * cached + ANSWER_WORK * answer)


def room_seen(room: np.ndarray, lost: np.ndarray, load: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Work a second that a replica has room for, once more was measured (E85).

    Parameters
    ----------
    room
        As known before; inf where never full.
    lost
        Share lost for want of room, 0 to 1.
    load
        Work a second that was asked.
    held
        Replicas that they came to, above 0.
    """
    served = (1.0 - lost) * load / held
    refuted = (served > room) & (lost < USUAL)
    return np.asarray(np.where(lost >= FULL, served, np.where(refuted, np.inf, np.maximum(room, served))))


def lost_now(lost: np.ndarray, room: np.ndarray, load: np.ndarray, replicas: np.ndarray) -> np.ndarray:
    """Share that is lost for want of room now, 0 to 1 (E86).

    Parameters
    ----------
    lost
        Share measured.
    room
        Work a second that a replica has room for; inf where never full.
    load, replicas
        Work a second that is asked now, and replicas of now.
    """
    known = np.isfinite(room)
    full = 1.0 - np.where(known, room, 0.0) * replicas / np.where(load > 0, load, 1.0)
    bursts = np.where(known & (lost >= FULL), USUAL, lost)
    return np.asarray(np.where(known & (load > 0), np.maximum(bursts, full), bursts))
