"""The parts of the report of a competition: what it reads, its sections, its charts, its advice."""
