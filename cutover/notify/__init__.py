"""
Telling people outside: Apprise's one door.

A message goes out through channels, each in a thread of its own and in bounded time. What becomes of it is a value;
nothing here raises, decides, or shows what stands in an Apprise URL.
"""

from cutover.notify.sending import Message, Outlet, Postman, Sent

__all__ = ["Message", "Outlet", "Postman", "Sent"]
