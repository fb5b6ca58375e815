"""CPU per article and stage through the whole system."""
