CREATE REL TABLE {{type}} ({{ends as pairs}}, {{columns as columns}})
