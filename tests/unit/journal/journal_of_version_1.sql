BEGIN TRANSACTION;
CREATE TABLE amended_value (
        run TEXT NOT NULL, step TEXT NOT NULL, table_name TEXT NOT NULL, chunk INTEGER NOT NULL,
        number INTEGER NOT NULL, key_json TEXT NOT NULL, column_name TEXT NOT NULL,
        before_json TEXT NOT NULL, reason TEXT NOT NULL,
        PRIMARY KEY (run, table_name, step, chunk, number)
    );
INSERT INTO "amended_value" VALUES('dev-1','copy','flight',1,0,'"8"','tail','"N7"','unknown plane');
CREATE TABLE counter (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL);
INSERT INTO "counter" VALUES('lines',5);
INSERT INTO "counter" VALUES('tokens',1);
CREATE TABLE cutover_journal (version INTEGER NOT NULL, made_at TEXT NOT NULL, made_by TEXT NOT NULL);
INSERT INTO "cutover_journal" VALUES(1,'2026-11-25T14:45:43+00:00','0.1.0');
CREATE TABLE event (
        line INTEGER NOT NULL PRIMARY KEY, run TEXT NOT NULL REFERENCES run (run), seq INTEGER NOT NULL,
        at TEXT NOT NULL, kind TEXT NOT NULL, step TEXT NOT NULL, attempt INTEGER NOT NULL, data TEXT NOT NULL,
        prev TEXT NOT NULL, digest TEXT NOT NULL,
        UNIQUE (run, seq)
    );
INSERT INTO "event" VALUES(1,'dev-1',1,'2026-11-24T22:00:01.000000+00:00','run.created','',0,'{"environment":"dev","mode":"rehearsal"}','','sha256:dbecd9f247b18dbb56d05f9ba2f0c1aa3096e5588f828adf5e4d4fc423583cf5');
INSERT INTO "event" VALUES(2,'dev-1',2,'2026-11-24T22:00:02.000000+00:00','run.armed','',0,'{}','sha256:dbecd9f247b18dbb56d05f9ba2f0c1aa3096e5588f828adf5e4d4fc423583cf5','sha256:c34a932163f3e59239797d4f56ad23535621fea141b034e115721d7c8b906f33');
INSERT INTO "event" VALUES(3,'production-1',1,'2026-11-24T22:00:03.000000+00:00','run.created','',0,'{"environment":"production","mode":"live"}','','sha256:982b01324020e4b25d769186a95f104914f9995d285102f075ba474b473f51fa');
INSERT INTO "event" VALUES(4,'production-1',2,'2026-11-24T22:00:04.000000+00:00','run.noted','',0,'{"says":"überall ß \u0000 😀"}','sha256:982b01324020e4b25d769186a95f104914f9995d285102f075ba474b473f51fa','sha256:1056cad6a8d4452884dcfa2de3a8d15b276f6e822061ce7b69ad86499ecfe21c');
INSERT INTO "event" VALUES(5,'dev-1',3,'2026-11-24T22:00:05.000000+00:00','run.noted','',0,'{"says":"second"}','sha256:c34a932163f3e59239797d4f56ad23535621fea141b034e115721d7c8b906f33','sha256:4b7bb5ce805eec6172aff1ad23d162824a777def2ce57e9eef4d5dbb943f42f9');
CREATE TABLE lease (
        lock TEXT NOT NULL PRIMARY KEY, scope TEXT NOT NULL, run TEXT NOT NULL, holder TEXT NOT NULL,
        token INTEGER NOT NULL UNIQUE, since TEXT NOT NULL, released TEXT
    );
INSERT INTO "lease" VALUES('environment_dev-91df04233231.lock','environment:dev','dev-1','{"host":"db1","pid":"4711","user":"ana"}',1,'2026-11-24T22:00:06.000000+00:00',NULL);
CREATE TABLE quarantined_row (
        run TEXT NOT NULL, step TEXT NOT NULL, table_name TEXT NOT NULL, chunk INTEGER NOT NULL,
        number INTEGER NOT NULL, key_json TEXT NOT NULL, values_json TEXT NOT NULL, reasons_json TEXT NOT NULL,
        PRIMARY KEY (run, table_name, step, chunk, number)
    );
INSERT INTO "quarantined_row" VALUES('dev-1','copy','flight',1,0,'"7"','{"a": "x\u0000", "b": null}','["r1", "r2"]');
CREATE TABLE run (
        run TEXT NOT NULL PRIMARY KEY, environment TEXT NOT NULL, number INTEGER NOT NULL,
        created INTEGER NOT NULL UNIQUE, seq INTEGER NOT NULL, at TEXT NOT NULL, digest TEXT NOT NULL,
        UNIQUE (environment, number)
    );
INSERT INTO "run" VALUES('dev-1','dev',1,1,3,'2026-11-24T22:00:05.000000+00:00','sha256:4b7bb5ce805eec6172aff1ad23d162824a777def2ce57e9eef4d5dbb943f42f9');
INSERT INTO "run" VALUES('production-1','production',1,3,2,'2026-11-24T22:00:04.000000+00:00','sha256:1056cad6a8d4452884dcfa2de3a8d15b276f6e822061ce7b69ad86499ecfe21c');
CREATE INDEX event_by_kind ON event (run, kind, seq);
CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
    BEGIN SELECT RAISE(ABORT, 'an event of the journal is never changed'); END;
CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event
    BEGIN SELECT RAISE(ABORT, 'an event of the journal is never deleted'); END;
CREATE TRIGGER event_is_never_replaced BEFORE INSERT ON event
    WHEN EXISTS (SELECT 1 FROM event WHERE line = NEW.line OR (run = NEW.run AND seq = NEW.seq))
    BEGIN SELECT RAISE(ABORT, 'an event of the journal is never replaced'); END;
CREATE TRIGGER run_is_never_deleted BEFORE DELETE ON run
    BEGIN SELECT RAISE(ABORT, 'a run of the journal is never deleted'); END;
CREATE TRIGGER run_is_never_replaced BEFORE INSERT ON run
    WHEN EXISTS (SELECT 1 FROM run WHERE run = NEW.run OR created = NEW.created)
    BEGIN SELECT RAISE(ABORT, 'a run of the journal is never replaced'); END;
CREATE TRIGGER run_only_grows BEFORE UPDATE ON run
    WHEN NEW.seq IS NOT OLD.seq + 1 OR NEW.run IS NOT OLD.run OR NEW.environment IS NOT OLD.environment
        OR NEW.number IS NOT OLD.number OR NEW.created IS NOT OLD.created
    BEGIN SELECT RAISE(ABORT, 'a run of the journal only takes one event more'); END;
CREATE TRIGGER counter_only_grows BEFORE UPDATE ON counter
    WHEN NEW.value IS NOT OLD.value + 1 OR NEW.name IS NOT OLD.name
    BEGIN SELECT RAISE(ABORT, 'a counter of the journal only grows by one'); END;
CREATE TRIGGER counter_is_never_deleted BEFORE DELETE ON counter
    BEGIN SELECT RAISE(ABORT, 'a counter of the journal is never deleted'); END;
CREATE TRIGGER counter_is_never_replaced BEFORE INSERT ON counter
    WHEN EXISTS (SELECT 1 FROM counter WHERE name = NEW.name)
    BEGIN SELECT RAISE(ABORT, 'a counter of the journal is never replaced'); END;
COMMIT;
