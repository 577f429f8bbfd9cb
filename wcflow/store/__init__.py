"""The shop, over HTTP: asked politely, answered in records. No rule and no table stands here."""
