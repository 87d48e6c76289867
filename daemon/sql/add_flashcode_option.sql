-- Says what more bits of a FLASHcode mean.
WITH done AS MATERIALIZED (
  SELECT radioshop.change_flashcode_option(true, :option.part::text, :option.name::text, :option.character::int4, :option.lsb::int4,
    coalesce(nullif(:option.width::int4, 0), 1), coalesce(nullif(:option.value::int4, 0), 1), :option.only_if::text, :option.capabilities::text[]) AS refusal
)
SELECT d.refusal, upper(btrim(coalesce(:option.part::text, ''))) AS part, btrim(coalesce(:option.name::text, '')) AS name,
  coalesce(:option.character::int4, 0) AS "character", coalesce(:option.lsb::int4, 0) AS lsb, coalesce(nullif(:option.width::int4, 0), 1) AS width,
  coalesce(nullif(:option.value::int4, 0), 1) AS value, btrim(coalesce(:option.only_if::text, '')) AS only_if,
  coalesce(:option.capabilities::text[], '{}') AS capabilities
FROM done d
