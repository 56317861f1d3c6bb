"""
PostgreSQL's own text of everything that is no row: one line per thing, the same line for the same thing.

Used by `prints.postgresql`. Catalogues of PostgreSQL 14 to 18 (PostgreSQL documentation, "System Catalogs"). Names are
written in full, because nothing but `pg_catalog` is on the search path when these run.
"""

from __future__ import annotations

from cutover.dataplane.dialects.postgresql_sql import BOOKKEEPING

_USERS = f"""
    n.nspname NOT IN ('pg_catalog', 'information_schema', '{BOOKKEEPING}') AND n.nspname !~ '^pg_(toast|temp)'
"""
_NOT_OF_AN_EXTENSION = """
    NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.objid = {oid} AND e.classid = '{of}'::regclass AND e.deptype = 'e')
"""
#: Objects below this number came with the server.
_FIRST_OF_USERS = 16384


def _own(oid: str, of: str) -> str:
    return _NOT_OF_AN_EXTENSION.format(oid=oid, of=of)


SCHEMA = f"""
SELECT 'schema ' || quote_ident(n.nspname) FROM pg_namespace n WHERE {_USERS}
UNION ALL
SELECT 'extension ' || x.extname FROM pg_extension x
UNION ALL
SELECT concat_ws(' ', 'relation', quote_ident(n.nspname), quote_ident(c.relname), c.relkind, c.relpersistence,
       c.relrowsecurity, c.relforcerowsecurity, c.relreplident, pg_get_partkeydef(c.oid),
       pg_get_expr(c.relpartbound, c.oid), array_to_string(c.reloptions, ','))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c') AND {_USERS}
UNION ALL
SELECT concat_ws(' ', 'column', quote_ident(n.nspname), quote_ident(c.relname),
       row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum),
       quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
       a.attstorage, nullif(a.attcompression, ''), array_to_string(a.attoptions, ','),
       array_to_string(a.attfdwoptions, ','), pg_get_expr(d.adbin, d.adrelid), l.collname)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     LEFT JOIN pg_collation l ON l.oid = a.attcollation
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND {_USERS}
UNION ALL
SELECT concat_ws(' ', 'constraint', quote_ident(n.nspname), k.conrelid::regclass, quote_ident(k.conname),
       pg_get_constraintdef(k.oid),
       k.convalidated)
FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace WHERE {_USERS}
UNION ALL
SELECT concat_ws(' ', 'index', pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisreplident, i.indisclustered)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_USERS}
UNION ALL
SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid), t.tgenabled)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND {_USERS}
UNION ALL
SELECT concat_ws(' ', 'rule', pg_get_ruledef(r.oid))
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_USERS}
UNION ALL
SELECT concat_ws(' ', 'policy', quote_ident(n.nspname), quote_ident(c.relname),
       quote_ident(p.polname), p.polcmd, p.polpermissive,
       (SELECT string_agg(coalesce(r.rolname, 'public'), ',' ORDER BY r.rolname)
        FROM unnest(p.polroles) role LEFT JOIN pg_roles r ON r.oid = role),
       pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_USERS}
UNION ALL
SELECT concat_ws(' ', 'routine', quote_ident(n.nspname), pg_get_function_identity_arguments(f.oid),
       CASE WHEN f.prokind = 'a' THEN concat_ws(' ', quote_ident(f.proname), f.prorettype::regtype, f.proparallel,
           g.aggkind, g.aggtransfn, g.aggfinalfn, g.aggcombinefn, g.aggserialfn, g.aggdeserialfn, g.aggmtransfn,
           g.aggminvtransfn, g.aggmfinalfn, g.aggfinalextra, g.aggmfinalextra, g.aggfinalmodify, g.aggmfinalmodify,
           g.aggsortop::regoperator, g.aggtranstype::regtype, g.aggtransspace, g.agginitval, g.aggminitval)
       ELSE pg_get_functiondef(f.oid) END)
FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace LEFT JOIN pg_aggregate g ON g.aggfnoid = f.oid
WHERE {_USERS} AND {_own("f.oid", "pg_proc")}
UNION ALL
SELECT concat_ws(' ', 'type', quote_ident(n.nspname), quote_ident(t.typname), t.typtype,
       format_type(t.typbasetype, t.typtypmod), t.typnotnull,
       t.typdefault,
       (SELECT string_agg(quote_literal(v.enumlabel), ', ' ORDER BY v.enumsortorder)
        FROM pg_enum v WHERE v.enumtypid = t.oid))
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype IN ('e', 'd', 'r') AND {_USERS} AND {_own("t.oid", "pg_type")}
UNION ALL
SELECT concat_ws(' ', 'sequence', quote_ident(n.nspname), quote_ident(c.relname),
       format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement,
       s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
       (SELECT concat_ws(' ', 'of', o.refobjid::regclass, o.refobjsubid, o.deptype) FROM pg_depend o
        WHERE o.classid = 'pg_class'::regclass AND o.objid = c.oid AND o.refclassid = 'pg_class'::regclass
          AND o.refobjsubid > 0 AND o.deptype IN ('a', 'i')))
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {_USERS}
UNION ALL
SELECT concat_ws(' ', 'event trigger', e.evtname, e.evtevent, e.evtenabled, e.evtfoid::regprocedure,
       array_to_string(e.evttags, ','))
FROM pg_event_trigger e
UNION ALL
SELECT concat_ws(' ', 'publication', to_jsonb(p) - 'oid' - 'pubowner') FROM pg_publication p
UNION ALL
SELECT concat_ws(' ', 'published', to_jsonb(t)) FROM pg_publication_tables t
UNION ALL
SELECT concat_ws(' ', 'statistics', pg_get_statisticsobjdef(x.oid))
FROM pg_statistic_ext x JOIN pg_namespace n ON n.oid = x.stxnamespace WHERE {_USERS}
UNION ALL
SELECT concat_ws(' ', 'inherits', i.inhrelid::regclass, i.inhparent::regclass, i.inhseqno)
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f') AND {_USERS}
UNION ALL
SELECT concat_ws(' ', 'collation', quote_ident(n.nspname), to_jsonb(l) - '{{oid,collnamespace,collowner}}'::text[])
FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace
WHERE {_USERS} AND {_own("l.oid", "pg_collation")}
UNION ALL
SELECT concat_ws(' ', 'operator', o.oid::regoperator, o.oprcode, o.oprcom::regoperator, o.oprnegate::regoperator,
       o.oprcanmerge, o.oprcanhash, o.oprrest, o.oprjoin)
FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
WHERE {_USERS} AND {_own("o.oid", "pg_operator")}
UNION ALL
SELECT concat_ws(' ', 'operator class', quote_ident(n.nspname), quote_ident(k.opcname), m.amname,
       k.opcintype::regtype, k.opckeytype::regtype, k.opcdefault)
FROM pg_opclass k JOIN pg_namespace n ON n.oid = k.opcnamespace JOIN pg_am m ON m.oid = k.opcmethod
WHERE {_USERS} AND {_own("k.oid", "pg_opclass")}
UNION ALL
SELECT concat_ws(' ', 'cast', k.castsource::regtype, k.casttarget::regtype, k.castfunc::regprocedure, k.castcontext,
       k.castmethod)
FROM pg_cast k WHERE k.oid >= {_FIRST_OF_USERS} AND {_own("k.oid", "pg_cast")}
UNION ALL
SELECT concat_ws(' ', 'text search configuration', quote_ident(n.nspname), quote_ident(t.cfgname),
       t.cfgparser::regclass::text,
       (SELECT string_agg(concat_ws(' ', m.maptokentype, m.mapseqno, m.mapdict::regdictionary), ', '
                          ORDER BY m.maptokentype, m.mapseqno)
        FROM pg_ts_config_map m WHERE m.mapcfg = t.oid))
FROM pg_ts_config t JOIN pg_namespace n ON n.oid = t.cfgnamespace
WHERE {_USERS} AND {_own("t.oid", "pg_ts_config")}
UNION ALL
SELECT concat_ws(' ', 'text search dictionary', quote_ident(n.nspname), quote_ident(d.dictname), p.tmplname,
       d.dictinitoption)
FROM pg_ts_dict d JOIN pg_namespace n ON n.oid = d.dictnamespace JOIN pg_ts_template p ON p.oid = d.dicttemplate
WHERE {_USERS} AND {_own("d.oid", "pg_ts_dict")}
UNION ALL
SELECT concat_ws(' ', 'foreign data wrapper', w.fdwname, array_to_string(w.fdwoptions, ','))
FROM pg_foreign_data_wrapper w WHERE {_own("w.oid", "pg_foreign_data_wrapper")}
UNION ALL
SELECT concat_ws(' ', 'foreign server', s.srvname, s.srvtype, s.srvversion, array_to_string(s.srvoptions, ','))
FROM pg_foreign_server s
UNION ALL
SELECT concat_ws(' ', 'foreign table', f.ftrelid::regclass, s.srvname, array_to_string(f.ftoptions, ','))
FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver
"""

SEQUENCES = f"""
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND {_USERS} ORDER BY 1
"""


def _grants(acl: str, kind: str, owner: str) -> str:
    """Who may do what, in one order; a right that everybody of that kind has from the beginning is said, too."""
    return f"""
        (SELECT string_agg(concat_ws(' ', coalesce(nullif(x.grantee, 0)::regrole::text, 'public'), x.privilege_type,
                                     CASE WHEN x.is_grantable THEN 'and may grant it' END), ', '
                           ORDER BY x.grantee, x.privilege_type, x.is_grantable)
         FROM aclexplode(coalesce({acl}, acldefault({kind}, {owner}))) x)
    """


_RELATION = """(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char\""""

#: Owners, grants, default grants and settings: what a table may mean to its users. No part of a restored backup.
RIGHTS = f"""
SELECT concat_ws(' ', 'database', pg_get_userbyid(d.datdba),
       {_grants("d.datacl", "'d'", "d.datdba")}, d.datconnlimit, d.datallowconn)
FROM pg_database d WHERE d.datname = current_database()
UNION ALL
SELECT concat_ws(' ', 'setting', coalesce(r.rolname, 'everybody'), array_to_string(s.setconfig, ','))
FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase LEFT JOIN pg_roles r ON r.oid = s.setrole
WHERE d.datname = current_database()
UNION ALL
SELECT concat_ws(' ', 'schema', quote_ident(n.nspname), pg_get_userbyid(n.nspowner),
       {_grants("n.nspacl", "'n'", "n.nspowner")})
FROM pg_namespace n WHERE {_USERS}
UNION ALL
SELECT concat_ws(' ', 'relation', c.oid::regclass, pg_get_userbyid(c.relowner),
       {_grants("c.relacl", _RELATION, "c.relowner")})
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c') AND {_USERS}
UNION ALL
SELECT concat_ws(' ', 'column', c.oid::regclass, quote_ident(a.attname),
       {_grants("a.attacl", "'c'", "c.relowner")})
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attacl IS NOT NULL AND NOT a.attisdropped AND {_USERS}
UNION ALL
SELECT concat_ws(' ', 'routine', f.oid::regprocedure, pg_get_userbyid(f.proowner),
       {_grants("f.proacl", "'f'", "f.proowner")})
FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace
WHERE {_USERS} AND {_own("f.oid", "pg_proc")}
UNION ALL
SELECT concat_ws(' ', 'type', t.oid::regtype, pg_get_userbyid(t.typowner),
       {_grants("t.typacl", "'T'", "t.typowner")})
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype IN ('e', 'd', 'r') AND {_USERS} AND {_own("t.oid", "pg_type")}
UNION ALL
SELECT concat_ws(' ', 'default', pg_get_userbyid(a.defaclrole), n.nspname, a.defaclobjtype,
       {_grants("a.defaclacl", "a.defaclobjtype", "a.defaclrole")})
FROM pg_default_acl a LEFT JOIN pg_namespace n ON n.oid = a.defaclnamespace
UNION ALL
SELECT concat_ws(' ', 'language', l.lanname, pg_get_userbyid(l.lanowner),
       {_grants("l.lanacl", "'l'", "l.lanowner")})
FROM pg_language l WHERE l.lanacl IS NOT NULL
UNION ALL
SELECT concat_ws(' ', 'foreign server', s.srvname, pg_get_userbyid(s.srvowner),
       {_grants("s.srvacl", "'S'", "s.srvowner")})
FROM pg_foreign_server s
UNION ALL
SELECT concat_ws(' ', 'user mapping', m.srvname, m.usename, array_to_string(m.umoptions, ',')) FROM pg_user_mappings m
UNION ALL
SELECT concat_ws(' ', 'publication', p.pubname, pg_get_userbyid(p.pubowner)) FROM pg_publication p
UNION ALL
SELECT concat_ws(' ', 'large object', m.oid, pg_get_userbyid(m.lomowner),
       {_grants("m.lomacl", "'L'", "m.lomowner")})
FROM pg_largeobject_metadata m
"""

#: What people wrote at the things of this database; no part of a restored backup either.
COMMENTS = f"""
SELECT concat_ws(' ', c.classoid::regclass, i.type, i.identity, quote_literal(c.description))
FROM pg_description c, LATERAL pg_identify_object(c.classoid, c.objoid, c.objsubid) i
WHERE (c.objoid >= {_FIRST_OF_USERS} OR i.identity = 'public') AND coalesce(i.schema, '') <> '{BOOKKEEPING}'
UNION ALL
SELECT concat_ws(' ', 'database', c.description) FROM pg_shdescription c JOIN pg_database d ON d.oid = c.objoid
WHERE c.classoid = 'pg_database'::regclass AND d.datname = current_database()
UNION ALL
SELECT concat_ws(' ', 'label', l.objtype, l.objname, l.provider, l.label) FROM pg_seclabels l
"""

#: Stored answers of a query. They may lag behind it, so their rows are rows of their own.
MATERIALISED = f"""
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'm' AND c.relispopulated AND {_USERS} ORDER BY 1
"""

#: Whether there are large objects, and whether their pages may be read as a table.
LARGE_OBJECTS = """
SELECT count(*) > 0, has_table_privilege('pg_catalog.pg_largeobject', 'SELECT') FROM pg_largeobject_metadata
"""
LARGE_OBJECT_PAGES = "SELECT concat_ws(' ', loid, pageno, encode(data, 'hex')) FROM pg_largeobject"
LARGE_OBJECTS_WHOLE = "SELECT concat_ws(' ', oid, encode(sha256(lo_get(oid)), 'hex')) FROM pg_largeobject_metadata"
