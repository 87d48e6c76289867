-- Takes one chunk of an upload, and says which one is wanted next.
SELECT s.refusal, s.next_offset FROM radioshop.put_chunk(:upload::uuid, :offset::int8, :data::bytea) s
