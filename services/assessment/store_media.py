"""SQL of the audio, video and captions of cards: files by their hash."""

from asyncpg import Pool

from shared.media import Found

FIND = "SELECT media_type, octet_length(body) AS size FROM media WHERE sha256 = $1"
PIECE = "SELECT substring(body FROM $2 FOR $3) AS piece FROM media WHERE sha256 = $1"
KEEP = "INSERT INTO media (sha256, media_type, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"


async def find(pool: Pool, sha256: str) -> Found | None:
    row = await pool.fetchrow(FIND, sha256)
    return Found(row["media_type"], row["size"]) if row else None


async def get_piece(pool: Pool, sha256: str, start: int, length: int) -> bytes:
    """From byte `start`, counted from 0."""
    piece: bytes = await pool.fetchval(PIECE, sha256, start + 1, length)
    return piece


async def keep(pool: Pool, sha256: str, media_type: str, body: bytes) -> None:
    """Kept already: nothing changes."""
    await pool.execute(KEEP, sha256, media_type, body)
