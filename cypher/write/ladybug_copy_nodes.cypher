COPY {{label}} FROM '{{path as path}}'
