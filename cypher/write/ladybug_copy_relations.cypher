COPY {{type}} FROM '{{path as path}}' (from={{src as text}}, to={{dst as text}})
