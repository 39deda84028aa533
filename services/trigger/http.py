"""The door for publishers without Kafka: CloudEvents over HTTPS, and what became of them."""

from fastapi import APIRouter

from shared.running import Running


def routes(running: Running) -> APIRouter:
    return APIRouter()
