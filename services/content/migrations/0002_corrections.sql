-- Why a version was published that corrects the ones before it: the author's sentence. Null: an ordinary version.

ALTER TABLE version ADD COLUMN correction text;
