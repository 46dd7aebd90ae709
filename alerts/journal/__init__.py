"""The journal: what Yujing said and what people did about it. `upgrade(url)` brings a database to today's schema.

`Journal(url)`: `record_decision(decision, principal, once=None, answer=None)`, `decision(id)`, `record_scan(result, principal)`,
`alerts(filter, cursor, limit)`, `alert(id)`, `act(id, principal, action, note, version)`, `create_key(name, role, branch)`,
`find_key(secret)`, `revoke_key(id)`, `api_keys()`, `begin_once(key, principal, request_hash)`, `finish_once(once, answer)`,
`give_up_once(once)`, `pending(limit)`, `mark_sent(ids)`, `verify_audit()`.
"""
