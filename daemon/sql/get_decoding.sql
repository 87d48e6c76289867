-- What the codes of a radio say. A function, because each code is read by one.
SELECT d.refusal, coalesce(d.agency, '') AS agency, coalesce(d.tag, '') AS tag, coalesce(d.serial, '') AS serial,
  coalesce(d.product_code, '') AS product_code, coalesce(d.built, '') AS built, coalesce(d.build_years::text[], '{}') AS build_years,
  coalesce(d.model, '') AS model, coalesce(d.unit_type, '') AS unit_type, coalesce(d.flashport_refresh, '') AS flashport_refresh,
  coalesce(d.flashcode, '') AS flashcode, coalesce(d.flashcode_form, '') AS flashcode_form, coalesce(d.check_digit, '') AS check_digit,
  coalesce(d.capabilities, '{}') AS capabilities, coalesce(d.not_known, '{}') AS not_known, coalesce(d.options, '[]') AS options,
  coalesce(d.model_parts, '[]') AS model_parts, coalesce(d.unread_bits, '{}') AS unread_bits, coalesce(d.warnings, '{}') AS warnings
FROM radioshop.get_decoding(:asset::text, :serial::text, :model::text, :flashcode::text) d
