-- Lists of cancelled runs read no others, as those of failed runs do not; a run that ends done is in neither index.
create index ending_cancelled on baton.ending (run_id) where status = 'cancelled';
