-- Deploy radioshop:certificate to pg
--
-- When the certificates of principals end, as the daemon has seen them at its door, and the kind of alert that says so. The shop makes no
-- certificates itself, so what was shown is all it can know: whoever never came has none.

BEGIN;

CREATE TABLE radioshop.principal_certificate (
  principal_id uuid NOT NULL,
  ends_at timestamptz NOT NULL,
  seen_on date NOT NULL,
  CONSTRAINT principal_certificate_pkey PRIMARY KEY (principal_id, ends_at),
  CONSTRAINT principal_certificate_principal_known FOREIGN KEY (principal_id) REFERENCES radioshop.principal
);
COMMENT ON TABLE radioshop.principal_certificate IS 'certificates by their end; its own record, written by the daemon and by nobody else';
COMMENT ON COLUMN radioshop.principal_certificate.ends_at IS 'when the first of its chain ends';
COMMENT ON COLUMN radioshop.principal_certificate.seen_on IS 'the last day (UTC) on which somebody came with it';
ALTER TABLE radioshop.principal_certificate ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY principal_certificate_of_shop ON radioshop.principal_certificate USING ((SELECT radioshop.is_shop()));
GRANT SELECT, INSERT, UPDATE (seen_on) ON radioshop.principal_certificate TO radioshop_app;

-- Notes what was seen, each "NAME SECOND"; what was seen today is left alone, so that this writes once a day for each certificate. The daemon
-- tells on nobody's behalf: so it acts as the shop does, for the length of this one call, and answers nothing. Two daemons write in one order.
CREATE FUNCTION radioshop.note_certificates(seen text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  before text := coalesce(current_setting('radioshop.agencies', true), '');
  today constant date := radioshop.today('UTC');
  ignored text;
BEGIN
  ignored := set_config('radioshop.agencies', '{0}', true);
  INSERT INTO radioshop.principal_certificate AS c (principal_id, ends_at, seen_on)
    SELECT p.principal_id, s.ends_at, today
      FROM (SELECT DISTINCT split_part(n, ' ', 1) AS name, to_timestamp(split_part(n, ' ', 2)::bigint) AS ends_at FROM unnest(note_certificates.seen) n) s
        JOIN radioshop.principal p ON p.name = s.name
      WHERE NOT EXISTS (SELECT FROM radioshop.principal_certificate k
        WHERE k.principal_id = p.principal_id AND k.ends_at = s.ends_at AND k.seen_on >= today)
      ORDER BY p.principal_id, s.ends_at
    ON CONFLICT ON CONSTRAINT principal_certificate_pkey DO UPDATE SET seen_on = excluded.seen_on WHERE c.seen_on < excluded.seen_on;
  ignored := set_config('radioshop.agencies', before, true);
END
$$;

INSERT INTO radioshop.alert_kind (kind, subjects, days, resolves, of_shop, unit, stages) VALUES
  ('certificate_ending', 'alert_certificates_ending', 30, true, true, 'days', true);

-- People and programs that may enter, whose certificate ends within so many days (0), or has ended (1). Of several that are in use the one
-- that ends last counts: in use is what was shown in the thirty days before the principal last came. So a renewal settles it, and an old
-- certificate that nobody shows any more hides no end.
CREATE FUNCTION radioshop.alert_certificates_ending(agency int, today date, number int) RETURNS SETOF radioshop.alert_subject
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY SELECT NULL::uuid, NULL::uuid, e.ends_on, e.ended::int, abs(e.ends_on - alert_certificates_ending.today),
      p.display_name || CASE WHEN e.ended THEN ' cannot enter any more: renew the certificate, or lock the principal out' ELSE '' END, p.name::text, 0::bigint
    FROM radioshop.principal p
      CROSS JOIN LATERAL (SELECT max(c.ends_at) AS at FROM radioshop.principal_certificate c
        WHERE c.principal_id = p.principal_id AND c.seen_on > (SELECT max(k.seen_on) - 30 FROM radioshop.principal_certificate k
          WHERE k.principal_id = p.principal_id)) l
      CROSS JOIN LATERAL (SELECT (l.at AT TIME ZONE 'UTC')::date AS ends_on, l.at <= now() AS ended) e
    WHERE NOT p.disabled AND e.ends_on <= alert_certificates_ending.today + alert_certificates_ending.number;
END
$$;

UPDATE radioshop.schema_version SET version = 26;

COMMIT;
