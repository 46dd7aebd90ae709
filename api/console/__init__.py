"""A small server-rendered face of the API: the desk, a firm, an alert. No script; the full console builds on the API alone."""
