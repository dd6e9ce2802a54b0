"""`/mcp`: assistants ask why a pod fails (Model Context Protocol, streamable HTTP). They read, and nothing else.

`endpoint` lets them in; `tools` is what they may ask; `server` speaks the protocol, and is loaded when somebody asks.
"""
