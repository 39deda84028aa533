-- Every version and language of a module, by its name.

CREATE INDEX module_editions ON module ((document ->> 'module_id'));
