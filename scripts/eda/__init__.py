"""The parts of the EDA stage: measuring, statistics, sections of the report, charts, page."""
