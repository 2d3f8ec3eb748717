"""How a wheel differs from the checkout: in it the rooms lie below `resolve_now`, where no other package can clash with them.

Everything else is in pyproject.toml. An editable install is the checkout itself, with each room under its own name.
"""

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel

OURS = "resolve_now"
ROOMS = f"{OURS}.rooms"


class WithRoomsBelow(bdist_wheel):
    """A wheel with the packages and files of the checkout, every room moved to `resolve_now/rooms`."""

    def run(self) -> None:
        made = self.distribution
        made.packages = [package if package == OURS else f"{ROOMS}.{package}" for package in made.packages or ()]
        made.package_data = {f"{ROOMS}.{package}": files for package, files in made.package_data.items()}
        made.package_dir = {ROOMS: "."}
        super().run()


setup(cmdclass={"bdist_wheel": WithRoomsBelow})
