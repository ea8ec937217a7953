-- The outbox has a database of its own since. What stood here was copied there before.
DROP TABLE outbox;
DROP TABLE deliveries;
