CREATE NODE TABLE {{label}} ({{columns as columns}}, PRIMARY KEY (`id`))
