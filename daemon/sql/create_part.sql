-- Adds a part to the shop's stock list.
SELECT t.refusal, t.number, t.name, t.manufacturer, t.maker_number, t.unit, t.class, t.models, t.reorder_point, t.reorder_quantity, t.obsolete,
  t.on_hand, t.revision
FROM radioshop.create_part(:part.number::text, :part.name::text, :part.manufacturer::text, :part.maker_number::text, :part.unit::text,
  :part.class::text, :part.models::text[], :part.reorder_point::int4, :part.reorder_quantity::int4, :part.obsolete::bool) t
