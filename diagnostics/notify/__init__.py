"""What leaves Sickbay: notices, the formats that carry them, and the one guarded sender of HTTP requests.

Layer 3, outward. Formats are pure: a notice in, a request out, an answer judged. Who is told what, and when, is the
business of `diagnostics.operations`.
"""
