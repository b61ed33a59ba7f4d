"""What only a browser shows, taken from one that strangers lead and nobody trusts."""

from app.render.failures import RenderFailed
from app.render.renderer import Renderer
