"""An exposure network as a picture: an SVG that needs nothing but a browser."""

from graph.picture.draw import network_svg

__all__ = ["network_svg"]
