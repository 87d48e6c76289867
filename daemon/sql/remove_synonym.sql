-- Takes a word out of the language of the shop.
SELECT c.refusal, c.shown_word AS word, c.shown_means AS means FROM radioshop.change_synonym(false, :word::text, '') c
