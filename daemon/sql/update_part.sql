-- Changes the named fields of a part that is still at the revision read; the number itself never changes.
SELECT t.refusal, t.number, t.name, t.manufacturer, t.maker_number, t.unit, t.class, t.models, t.reorder_point, t.reorder_quantity, t.obsolete,
  t.on_hand, t.revision
FROM radioshop.update_part(:part.number::text, :part.revision::int8, :update_mask.paths::text[], :part.name::text,
  :part.manufacturer::text, :part.maker_number::text, :part.unit::text, :part.class::text, :part.models::text[],
  :part.reorder_point::int4, :part.reorder_quantity::int4, :part.obsolete::bool) t
